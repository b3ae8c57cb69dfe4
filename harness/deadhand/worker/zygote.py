"""The zygote: imports the target once, freezes it, stays single-threaded, and forks a child for each batch.

It runs nothing of the target but its import. When its controller disappears it kills what it forked, removes its
folder and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import inspect
import os
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deadhand import _native
from deadhand.errors import DeadhandError, TargetSkipped
from deadhand.model.status import INTERNAL
from deadhand.target.loader import load
from deadhand.worker import _child, evidence, protocol
from deadhand.worker.evidence import GUARD
from deadhand.worker.page_guard import PageGuard, blind_spots, mapped_files
from deadhand.worker.runtime import Runtime
from deadhand.worker.warm_up import warm_up
from deadhand.worker.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.target.describe import Description

_SWITCH_SECONDS = 1e-4
_FORK_TRIES = 50
_FORK_PAUSE = 0.1
_ORPHAN_PAUSE = 0.001
_PR_SET_PTRACER = 0x59616D61


class Zygote:
    """Serves one controller over a socket."""

    def __init__(self, target: Description, control: socket.socket, order: dict[str, Any]) -> None:
        self.control = control
        self.pid = os.getpid()
        self.journal = _native.Journal.attach(order["journal"])
        os.close(order["journal"])
        self.workspace = Workspace.create()
        self.runtime = Runtime(target, lambda _: None, self.workspace, order["evidence"], journal=self.journal, budget=order["decisions"])
        self.runtime.control.look()  # before what is common runs: lines that are nobody's business are then known
        warm_up(self.workspace, order["evidence"])
        self.guard = self.runtime.guard = PageGuard.reserve(self.journal, order["libraries"]) if order["evidence"] == GUARD else None
        self.runtime.control.arm()  # after the guard, whose slots it leaves alone
        if any(inspect.iscoroutinefunction(each.function) for each in target.operations.values()):
            importlib.import_module("asyncio")
        self.child = 0
        self.child_fd = -1
        self.allow_tracing = _tracing_by(order["controller"])

    def serve(self) -> None:
        """Answer orders until the controller is gone."""
        events = select.poll()
        events.register(self.control, select.POLLIN)
        while True:
            ready = [fd for fd, _ in events.poll()]
            if self.child and self.child_fd in ready:
                events.unregister(self.child_fd)
                self.reap()
                continue
            order = protocol.receive(self.control)
            if order["do"] == "run":
                self.fork(order["programs"], stacks=order["stacks"])
                events.register(self.child_fd, select.POLLIN)
            elif order["do"] == "kill":
                self.kill()
            else:
                return

    def fork(self, programs: list[bytes], *, stacks: bool) -> None:
        """Fork a child that runs `programs`; with `stacks` a page guard takes them."""
        pid = self.fork_patiently()
        if pid == 0:
            try:
                self.control.close()
                self.allow_tracing()
                _child.isolate(self.pid)
            except:  # noqa: E722  the child must not come back into the zygote's loop, whatever happens
                os._exit(INTERNAL)
            _child.run_batch(self.runtime, programs, self.journal, stacks=stacks)
        self.child = pid
        self.child_fd = os.pidfd_open(pid)
        protocol.send(self.control, {"event": "forked", "pid": pid})

    def fork_patiently(self) -> int:
        """Fork; when the system has no process left, wait for some to end."""
        for _ in range(_FORK_TRIES):
            with contextlib.suppress(BlockingIOError, MemoryError):
                return os.fork()
            self.kill_orphans()
            time.sleep(_FORK_PAUSE)
        return os.fork()

    def kill(self) -> None:
        """Kill the child and its process group; `reap` will report it."""
        if self.child:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(self.child, signal.SIGKILL)

    def reap(self) -> None:
        """Kill what the child left running, take its status, empty the folder, report."""
        os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child, signal.SIGKILL)  # the dead child still holds its number: no other process can have it
        _, status = os.waitpid(self.child, 0)
        os.close(self.child_fd)
        self.child = 0
        left = self.kill_orphans()
        if self.workspace.restore():
            os.chdir(self.workspace.root)
        protocol.send(self.control, {"event": "ended", "status": status, "orphans": left})

    def kill_orphans(self) -> int:
        """Kill processes that a child left behind (they become ours: the zygote is a subreaper); returns how many."""
        killed: set[int] = set()
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return len(killed)
            if pid:
                continue
            for orphan in _native.children():
                killed.add(orphan)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(_ORPHAN_PAUSE)

    def close(self) -> None:
        """Kill what runs and remove the folder."""
        self.kill()
        with contextlib.suppress(ChildProcessError):
            if self.child:
                os.waitpid(self.child, 0)
        self.kill_orphans()
        self.workspace.remove()


def limit(order: dict[str, Any]) -> None:
    """Set what children may take, in bytes; they inherit it. Of all processes they are the first to go when memory ends."""
    for which, value in (
        (resource.RLIMIT_AS, _address_space() + order["memory_mib"] * 2**20),
        (resource.RLIMIT_FSIZE, order["file_mib"] * 2**20),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(which)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (allowed, allowed))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def prepare(workspace: Workspace) -> None:
    """What every child shall find, done once: default signals, a private home, quick thread switches, a frozen heap."""
    faulthandler.enable(file=2, all_threads=True)
    os.chdir(workspace.root)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python starts: a write to a closed pipe raises
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    os.environ["HOME"] = os.environ["TMPDIR"] = str(workspace.root)
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.disable()


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()


def _tracing_by(controller: int) -> Callable[[], object]:
    """What a child must call so that the stack tool, which its controller starts, may look at it (Yama; not inherited)."""
    try:
        restricted = Path("/proc/sys/kernel/yama/ptrace_scope").read_text(encoding="ascii").strip() == "1"
    except OSError:
        restricted = False
    if not restricted:
        return lambda: None
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]
    return lambda: prctl(_PR_SET_PTRACER, controller, 0, 0, 0)


def main() -> None:
    """Start: `python -m deadhand.worker.zygote FD`, with everything else in the first message."""
    control = socket.socket(fileno=int(sys.argv[1]))
    order = protocol.receive(control)
    _native.set_child_subreaper(True)
    _native.set_parent_death_signal(signal.SIGCONT)  # were it stopped, it could not clean up after its controller
    before = mapped_files()
    try:
        (target,) = load(f"{order['target']}:{order['class']}", include_unsafe=order["include_unsafe"])  # a wrong class beside it is not its business
    except DeadhandError as error:
        protocol.send(control, {"event": "failed", "skipped": isinstance(error, TargetSkipped), "message": error.message, "remedy": error.remedy})
        return
    blind = evidence.self_test(order["evidence"])
    order["libraries"] = libraries = sorted(mapped_files() - before)
    zygote = Zygote(target, control, order)
    try:
        limit(order)
        prepare(zygote.workspace)
        threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208
        protocol.send(control, {"event": "ready", "pid": os.getpid(), "blind": blind, "threads": threads, "workspace": str(zygote.workspace.root), "notes": blind_spots(libraries) if zygote.guard is not None else []})
        zygote.serve()
    except protocol.Lost:
        pass
    finally:
        if os.getpid() == zygote_pid:
            zygote.close()


if __name__ == "__main__":
    zygote_pid = os.getpid()
    with contextlib.suppress(protocol.Lost):
        main()
