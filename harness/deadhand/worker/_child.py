"""This module runs in forked children, and in nothing else. It trusts nothing, and nothing trusts it.

All it leaves behind is what it appended to the shared journal and the status with which it died.

What a child calls at its end is looked up beforehand: the target may have replaced modules and builtins.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from deadhand import _native
from deadhand.model import history
from deadhand.model.program import Program
from deadhand.model.status import FULL_JOURNAL, INTERNAL
from deadhand.worker.forking import Leaving, leave_behind

if TYPE_CHECKING:
    from deadhand.worker.runtime import Runtime

_exit, _getpid, _print_exc = os._exit, os.getpid, traceback.print_exc
_JournalFull, _JournalCorrupt = _native.JournalFull, _native.JournalCorrupt
_decode = Program.decode


def isolate(zygote: int) -> None:
    """Cut the child off: own process group, dead when its zygote is.

    Every page that is written here is copied, in every child: streams, limits, signals, folder and fault handler are set
    once, in the zygote, and inherited.
    """
    os.setpgid(0, 0)
    _native.set_parent_death_signal(signal.SIGKILL)
    if os.getppid() != zygote:
        _exit(0)


def run_batch(runtime: Runtime, programs: list[bytes], journal: Any, *, stacks: bool = False) -> NoReturn:
    """Run each program in turn and leave the process: at once, or by a real interpreter exit when a program ends so.

    With `stacks` the page guard, if there is one, takes the native stacks of each block.
    """
    runtime.pid = _getpid()  # a forked process that takes part in the program says so there
    write = journal.append

    def append(record: bytes) -> None:
        if _getpid() != runtime.pid:
            _exit(0)  # a fork made inside a call came back here: it is not this child
        try:
            write(record)
        except _JournalFull:
            _exit(FULL_JOURNAL)
        except _JournalCorrupt:
            _exit(INTERNAL)

    runtime.append = append
    try:
        if runtime.guard is not None:
            runtime.guard.arm(stacks=stacks)
        for index, data in enumerate(programs):
            runtime.note(history.PROGRAM, index)
            if runtime.guard is not None:
                runtime.guard.next_program()
            program = _decode(data)
            runtime.run(program)
            if program.ending == "exit":
                leave_behind(runtime)
                break
        else:
            _exit(0)
    except Leaving:
        leave_behind(runtime)
    except:  # noqa: E722  memory is spoilt, builtins are gone, or deadhand is wrong: the parent decides
        _give_up(runtime.pid)
    sys.exit(0)


def _give_up(me: int) -> NoReturn:
    try:
        if _getpid() == me:
            _print_exc()
    finally:
        _exit(INTERNAL)
