"""`@fork` in a child: a process of its own does the steps inside and leaves; the child waits, and ends as that did if it did not end well.

So a crash, a hang or an exit in the forked process is one of the run, with the step that was under way there. The forked process stays in
the child's process group: the watchdog, which is outside, kills both.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
from typing import TYPE_CHECKING, Any, NoReturn

from deadhand.model import history
from deadhand.model.status import INTERNAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.worker.runtime import Runtime

_exit, _kill, _getpid = os._exit, os.kill, os.getpid


class Leaving(BaseException):
    """A forked process is on its way out of the interpreter: no step takes notice, so that every frame is left as in a user's program."""


def fork_and_follow(runtime: Runtime, inside: Callable[[], Any] | None, *, real_exit: bool) -> None:
    """Fork; `inside` runs in the new process, which then leaves, by a real interpreter exit or at once."""
    pid = os.fork()
    if not pid:
        _be_forked(runtime, inside, real_exit=real_exit)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    if os.WEXITSTATUS(status):
        _exit(os.WEXITSTATUS(status))
    if real_exit:
        runtime.note(history.PHASE, "steps")


def _be_forked(runtime: Runtime, inside: Callable[[], Any] | None, *, real_exit: bool) -> NoReturn:
    try:
        runtime.pid = _getpid()
        if inside is not None:
            inside()
        if real_exit:
            runtime.note(history.PHASE, history.FORK_EXIT)
            raise Leaving
        _exit(0)
    except Leaving:
        raise
    except:  # noqa: E722, S110  memory is spoilt, or builtins are gone: this process must not go on as the other one
        pass
    _exit(INTERNAL)


def leave_behind(runtime: Runtime) -> None:
    """Leave the handles to a module's globals and to the collector, as in a user's program."""
    import __main__

    __main__.deadhand_held = list(runtime.held.values()) + runtime.kept
    gc.unfreeze()
    gc.enable()


def _die_of(number: int) -> NoReturn:
    """End by the same signal; what there was to say of it, the forked process has said."""
    faulthandler.disable()
    with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler to be taken away
        signal.signal(number, signal.SIG_DFL)
    _kill(_getpid(), number)
    _exit(INTERNAL)
