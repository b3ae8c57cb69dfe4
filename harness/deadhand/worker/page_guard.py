"""The page guard of a target's processes: reserved in the zygote, armed in each child, told which step runs.

Blind to what was allocated before it was armed, to what an allocator inside a library hands out again, and to caches above
malloc; `blind_spots` names the libraries of a target for which that is so.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from deadhand import _native
from deadhand.model.history import GUARD, PHASE_MARK, PHASES, decode_record

if TYPE_CHECKING:
    from collections.abc import Iterable

_PRIVATE = {b"mimalloc": "mimalloc", b"jemalloc": "jemalloc", b"tcmalloc": "tcmalloc", b"snmalloc": "snmalloc", b"rpmalloc": "rpmalloc"}
"""What is in a library that has an allocator of its own, and the allocator's name."""

_IMPORTED = (b"malloc\0", b"calloc\0", b"realloc\0", b"posix_memalign\0", b"aligned_alloc\0", b"_Znwm\0", b"Py")
"""One of these is in the string table of a library whose memory the guard sees: C's and C++'s allocators, the interpreter."""

_SMALL = 1 << 26
_THE_PLANS = ("setup", "teardown", "exit")
_MARKS = {phase: PHASE_MARK + at for at, phase in enumerate(PHASES)}


class PageGuard:
    """What the zygote and its children ask of the native guard."""

    def __init__(self, native: _native.PageGuard) -> None:
        self._native = native
        self._begin = native.begin
        self.end = native.end
        self.next_program = native.next_program

    @classmethod
    def reserve(cls, journal: _native.Journal, libraries: list[str] | None) -> PageGuard:
        """Take the addresses and lead the libraries to the guard, before the zygote is limited and frozen; all libraries where there are none to choose.

        Nothing is guarded before `arm`.
        """
        native = _native.PageGuard.reserve(journal)
        native.patch(libraries or None)
        native.guard_objects()
        return cls(native)

    def arm(self, *, stacks: bool) -> None:
        """Guard what this child allocates from now on; objects in the interpreter's free lists are given back first."""
        self._native.arm(stacks=stacks)
        gc.collect()

    def begin(self, step: int, thread: int) -> None:
        """Say that this thread is in a step until `end`. Free lists are emptied first: what comes out of one was made earlier."""
        gc.collect()
        self._begin(step, thread)

    def enter(self, phase: str) -> None:
        """Say which phase of a program begins. What we allocate between steps is not guarded; what the plan does, is."""
        self._native.rest(_MARKS[phase], 0)
        if phase in _THE_PLANS:
            self._begin(_MARKS[phase], 0)

    def left(self) -> tuple[int, int, int, int, list[tuple[int, int, int, int]]]:
        """What is alive in this child (blocks, their bytes, open descriptors, threads), and the blocks that this program left, by step."""
        counts = self._native.counts()
        return counts["allocated"] - counts["freed"], counts["bytes"], _entries("fd"), _entries("task"), self._native.left()

    def bytes_in_use(self) -> int:
        """Bytes in blocks that are alive in this child."""
        return int(self._native.counts()["bytes"])


def _entries(of: str) -> int:
    return len(os.listdir(f"/proc/self/{of}"))  # noqa: PTH208


def shows() -> str:
    """Why the guard cannot look in this process, or an empty string: a child frees a block and reads it."""
    why = _native.PageGuard.unsupported()
    if why:
        return why
    journal = _native.Journal.create(1 << 16)
    pid = os.fork()
    if pid == 0:
        _read_freed(journal)
    _, status = os.waitpid(pid, 0)
    records = [decode_record(each) for each in journal.read()[0]]
    if any(each is not None and each[:3] == [GUARD, "use after free", "read"] for each in records):
        return ""
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        return "the system refuses it: neither MADV_GUARD_INSTALL nor anything in its place works"
    return "a read of freed memory is not seen"


def _read_freed(journal: _native.Journal) -> None:
    for signum in (signal.SIGSEGV, signal.SIGBUS):
        signal.signal(signum, signal.SIG_DFL)
    try:
        guard = _native.PageGuard.reserve(journal, _SMALL)
        guard.guard_objects()
        guard.arm()
        allocate, free = ctypes.pythonapi.PyMem_Malloc, ctypes.pythonapi.PyMem_Free
        allocate.restype, allocate.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
        block = allocate(72)
        free(block)
        ctypes.string_at(block, 8)
    except BaseException:  # noqa: BLE001  the parent is told by the status
        os._exit(1)
    os._exit(0)


def mapped_files() -> set[str]:
    """The files that this process has loaded code from."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    parts = (line.split(maxsplit=5) for line in lines)
    return {each[5] for each in parts if len(each) > 5 and "x" in each[1] and each[5].startswith("/")}


def blind_spots(libraries: Iterable[str]) -> list[str]:
    """One sentence for each library of the target whose memory the guard does not see."""
    told = []
    for path in libraries:
        name = Path(path).name
        try:
            found = _allocators(path)
        except (OSError, ValueError):
            continue
        if found is None:
            told.append(f"page guard: {name} imports no malloc; what it allocates by itself is not guarded")
        elif found:
            told.append(f"page guard: {name} has an allocator of its own ({', '.join(found)}); what that hands out is not guarded")
    return told


def _allocators(path: str) -> list[str] | None:
    """The names of the private allocators in a library; None when it imports no allocator."""
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = sorted({name for mark, name in _PRIVATE.items() if data.find(mark) >= 0})
        imports = any(data.find(b"\0" + name) >= 0 for name in _IMPORTED)
    return found if imports or found else None
