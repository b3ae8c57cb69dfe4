"""The parent's side: a lane is one zygote of one target in one evidence mode, with its journal and its watchdog.

The parent never calls a library under attack; all it learns of a run comes through the journal and the exit status.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deadhand import _native
from deadhand.errors import PlanError, TargetSkipped, WorkerError
from deadhand.model import history
from deadhand.model.history import Death, History
from deadhand.model.status import FULL_JOURNAL
from deadhand.worker import evidence, protocol, strays
from deadhand.worker.native_frames import resolve
from deadhand.worker.records import read_groups
from deadhand.worker.stacks import forked, take_stacks
from deadhand.worker.workspace import remove_tree

if TYPE_CHECKING:
    from deadhand.model.program import Program
    from deadhand.settings import Settings
    from deadhand.target.describe import Description

_STDERR = 1 << 20
_TAIL = 6000
_GRACE = 5.0
"""Seconds a zygote has to report a child it was told to kill, or to end when its lane is closed."""

_CLEANING = 30.0
"""Seconds a zygote may need to clean up after a child that has ended."""

_LONGEST = 20
"""Times `hang_seconds` that a child may take besides once per program, however busy it seems."""

_MOST_LOSSES = 5
"""How many zygotes a lane replaces that a child took with it."""

_SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "PYTHONHASHSEED": "0"}


@dataclass
class Batch:
    """Programs given to one child, and what came of them. `unrun` were never begun."""

    programs: list[Program]
    histories: list[History] = field(default_factory=list)
    unrun: list[Program] = field(default_factory=list)
    stacks: bool = False


class Lane:
    """One zygote and at most one child of it at a time."""

    def __init__(self, target: Description, mode: str, settings: Settings, *, include_unsafe: bool = False, take_hang_stacks: bool = True) -> None:
        self.target = target
        self.mode = mode
        self.settings = settings
        self.take_hang_stacks = take_hang_stacks
        self.blind = ""
        self.threads = 1
        self.notes: list[str] = []
        self._include_unsafe = include_unsafe
        self._journal = _native.Journal.create(settings.journal_mib * 2**20)
        self._stderr = _sealed_file("deadhand-stderr", _STDERR)
        self.mark: strays.Mark | None = None
        self.workspace = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._losses = 0
        self._closed = False
        self._batch: Batch | None = None
        self._pid = 0
        self._used = 0
        self._began = self._moved = self._killed = 0.0
        self._stacks = ""

    # --- the zygote ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the zygote without waiting for it: several can import their target at the same time. `start` waits."""
        self._clear_stderr()
        self._spawn()
        assert self._control is not None
        place, _, cls = self.target.name.rpartition(":")
        order = {
            "target": place,
            "class": cls,
            "include_unsafe": self._include_unsafe,
            "evidence": self.mode,
            "journal": self._journal.fileno(),
            "memory_mib": self.settings.memory_mib,
            "file_mib": self.settings.file_mib,
            "decisions": self.settings.decisions,
            "controller": os.getpid(),
        }
        with contextlib.suppress(protocol.Lost):  # `start` says what became of it
            protocol.send(self._control, order)

    def start(self) -> None:
        """Start the zygote, unless it has begun to, and wait until it has imported the target.

        Raises TargetSkipped or PlanError as the zygote found it, WorkerError when the import kills or hangs it.
        """
        if self._process is None:
            self.begin()
        assert self._control is not None
        try:
            self._control.settimeout(self.settings.start_seconds)
            answer = protocol.receive(self._control)
            self._control.settimeout(None)
        except TimeoutError as error:
            self._end(at_once=True)
            raise WorkerError(f"{self.target.name}: importing it took more than {self.settings.start_seconds:g} s", remedy="raise DEADHAND_START_SECONDS, or make the plan's import faster") from error
        except protocol.Lost as error:
            self._end(at_once=True)
            raise WorkerError(f"{self.target.name}: importing it in mode {self.mode} ended the process\n{self.stderr_tail()}", remedy="import the library alone in that environment; see deadhand doctor") from error
        if answer["event"] == "failed":
            self._end()
            raise (TargetSkipped if answer["skipped"] else PlanError)(answer["message"], remedy=answer["remedy"])
        self.blind, self.threads, self.workspace, self.notes = answer["blind"], answer["threads"], answer["workspace"], answer["notes"]

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        self.mark = strays.Mark.fresh()
        environment = evidence.environment(self.mode) | _SINGLE_THREADED | {strays.VARIABLE: self.mark.text}
        environment["PYTHONPATH"] = os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", "deadhand.worker.zygote", str(theirs.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=(theirs.fileno(), self._journal.fileno()),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise WorkerError(f"{self.target.name}: its process cannot be started: {error}", remedy="free some memory or processes, and run again") from error
        finally:
            theirs.close()
        self._control = ours

    @property
    def zygote_pid(self) -> int:
        """The process id of the zygote; 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def started(self) -> bool:
        """Whether the zygote is there."""
        return self._process is not None

    def close(self) -> None:
        """End the zygote and whatever it runs; also while another thread waits for it, which is then told WorkerError."""
        self._closed = True
        self._end()
        self._batch = None
        if self._stderr >= 0:
            os.close(self._stderr)
            self._stderr = -1

    def _end(self, *, at_once: bool = False) -> str:
        """End the zygote, which cleans up after itself; where it cannot, do it in its place. Returns how it ended."""
        if self._control is not None:
            self._control.close()
            self._control = None
        process, self._process = self._process, None
        if process is None:
            return ""
        if at_once:
            _kill_group(process.pid)
        try:
            code = process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            code = process.wait()
        if code != 0 and self.mark is not None:
            strays.kill_marked(self.mark)
            if self.workspace:
                remove_tree(Path(self.workspace))
        self.workspace = ""
        return _signal_name(-code) if code < 0 else str(code)

    def stderr_tail(self) -> str:
        """The end of what the child wrote to standard error."""
        size = min(os.lseek(self._stderr, 0, os.SEEK_CUR), _STDERR)
        start = max(0, size - _TAIL)
        return os.pread(self._stderr, size - start, start).rstrip(b"\0").decode("utf-8", "replace")

    # --- batches -------------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """For select: readable when something happened."""
        return self._control.fileno() if self._control is not None else -1

    @property
    def busy(self) -> bool:
        """Whether a child runs."""
        return self._batch is not None

    def submit(self, programs: list[Program], *, stacks: bool = False) -> None:
        """Have a child run `programs`, in order, until one kills it; a page guard takes the native stacks of what it sees, with `stacks`.

        Raises WorkerError when the zygote is lost.
        """
        assert self._control is not None
        self._batch = Batch(programs, stacks=stacks)
        order = {"do": "run", "programs": [program.encode() for program in programs], "stacks": stacks}
        self._journal.reset()
        self._clear_stderr()
        self._pid = self._used = 0
        self._began = self._moved = time.monotonic()
        self._stacks, self._killed = "", 0.0
        try:
            protocol.send(self._control, order)
        except protocol.Lost:
            self._begin_again()

    def _begin_again(self) -> None:
        """The zygote was gone before the child began: replace it and submit the same programs."""
        batch = self._batch
        assert batch is not None
        self._replace()
        self.submit(batch.programs, stacks=batch.stacks)

    def advance(self, *, readable: bool = True) -> Batch | None:
        """Take in what happened; the finished batch, or None while its child still runs.

        A zygote that a child took with it is replaced. Raises WorkerError when that happens again and again.
        """
        assert self._control is not None
        if not readable:
            return self._watch()
        try:
            message = protocol.receive(self._control)
        except protocol.Lost:
            if self._pid or self._journal.used:
                return self._finish_without_zygote()
            self._begin_again()
            return None
        if message["event"] == "forked":
            self._pid = message["pid"]
            return None
        return self._finish(message["status"])

    def run(self, programs: list[Program], *, stacks: bool = False) -> Batch:
        """Run `programs` and wait."""
        self.submit(programs, stacks=stacks)
        while True:
            events = select.poll()
            events.register(self, select.POLLIN)
            batch = self.advance(readable=bool(events.poll(self._patience() * 1000)))
            if batch is not None:
                return batch

    def run_one(self, program: Program, *, stacks: bool = False) -> History:
        """Run one program alone in a fresh child."""
        return self.run([program], stacks=stacks).histories[0]

    def _patience(self) -> float:
        return min(0.25, self.settings.hang_seconds / 4)

    def _watch(self) -> Batch | None:
        """The watchdog: no step begun or ended for too long means hung; take the stacks, then kill the group.

        A child that seems to move for ever (it scribbles over the journal) is ended as well, and so is a zygote that
        does not do what it is told (a child stopped it).
        """
        now = time.monotonic()
        if self._killed:
            return self._finish_without_zygote() if now - self._killed > _GRACE else None
        used = self._journal.used
        if used != self._used:
            self._used, self._moved = used, now
        assert self._batch is not None
        longest = self.settings.hang_seconds * (_LONGEST + len(self._batch.programs))
        if now - self._moved <= self.settings.hang_seconds and now - self._began <= longest:
            return None
        if self._pid and not strays.is_alive(self._pid):
            return self._finish_without_zygote() if now - self._moved > self.settings.hang_seconds + _CLEANING else None
        if self._pid and self.take_hang_stacks:
            self._stacks = "\n".join(take_stacks(pid) for pid in (*forked(self._pid), self._pid))
        self._killed = time.monotonic()
        assert self._control is not None
        with contextlib.suppress(protocol.Lost):
            protocol.send(self._control, {"do": "kill"})
        return None

    def _finish(self, status: int) -> Batch:
        return self._judge(self._death(status), left_well=status == 0, certain=True)

    def _finish_without_zygote(self) -> Batch:
        """The zygote is gone or does not answer: read what the child left, and start another one."""
        hung = self._hang() if self._killed else None
        ended = self._end(at_once=True)
        death = hung or Death("signal", ended if ended.startswith("SIG") else "SIGKILL", "the parent process of the child was killed together with it\n" + self.stderr_tail())
        batch = self._judge(death, left_well=False, certain=hung is not None)
        self._replace()
        return batch

    def _replace(self) -> None:
        """Start another zygote in place of one that is gone."""
        self._end(at_once=True)
        self._losses += 1
        if self._losses > _MOST_LOSSES or self._closed:
            raise self._lost()
        self.start()

    def _hang(self) -> Death:
        return Death("hang", f"{self.settings.hang_seconds:g} s", self.stderr_tail(), self._stacks)

    def _death(self, status: int) -> Death | None:
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if self._killed and number == signal.SIGKILL:
                return self._hang()
            return Death("signal", _signal_name(number), self.stderr_tail())
        code = os.waitstatus_to_exitcode(status)
        return None if code == 0 else Death("exit", str(code), self.stderr_tail())

    def _judge(self, death: Death | None, *, left_well: bool, certain: bool) -> Batch:
        """Sort the journal's records into one history per program; the last one begun is the one that died.

        `certain` is false when the child's own end could not be learnt: a program that had come to its end is then well.
        """
        batch = self._batch
        assert batch is not None
        self._batch = None
        records, _, damage = self._journal.read()
        groups, damage = read_groups(records, damage)
        full = death is not None and death.kind == "exit" and death.name == str(FULL_JOURNAL)
        if full and len(groups) > 1:
            groups.pop()
            death = None
        del groups[len(batch.programs) :]
        last = len(groups) - 1
        for index, events in enumerate(map(resolve, groups)):
            complete = _is_complete(events, batch.programs[index], left_well=left_well and index == last)
            fatal = death if index == last and (certain or not complete) else None
            if index == last and not complete and fatal is None and not full:
                fatal = Death("exit", "0", self.stderr_tail())
            batch.histories.append(History(events, self.mode, complete, fatal, damage if index == last else None))
        batch.unrun = batch.programs[len(groups) :]
        if not groups:
            batch.histories.append(History([], self.mode, False, death or Death("exit", "0"), damage))
            batch.unrun = batch.programs[1:]
        return batch

    def _lost(self) -> WorkerError:
        tail = self.stderr_tail()
        self._batch = None
        return WorkerError(f"{self.target.name}: the zygote in mode {self.mode} is gone\n{tail}", remedy="run again; if it persists, report it with deadhand doctor's output")

    def _clear_stderr(self) -> None:
        written = min(os.lseek(self._stderr, 0, os.SEEK_CUR), _STDERR)
        if written:
            os.pwrite(self._stderr, bytes(written), 0)
            os.lseek(self._stderr, 0, os.SEEK_SET)


def _sealed_file(name: str, size: int) -> int:
    """A file in memory that cannot grow: a child that writes garbage fills it, and no more."""
    fd = os.memfd_create(name, os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return fd


def _is_complete(events: list[list[Any]], program: Program, *, left_well: bool) -> bool:
    """Whether a program ran to its end: its last record says so, or it came to leave the interpreter and left it well."""
    if events and events[-1][0] == history.DONE:
        return True
    return left_well and program.ending == "exit" and [history.PHASE, "exit"] in events


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
