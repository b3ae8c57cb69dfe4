"""The page guard: freed memory becomes inaccessible, and who allocated, freed and touched it is written down."""

from pathlib import Path
from typing import Literal, TypedDict, final, type_check_only

from deadhand._native import Journal

@type_check_only
class _Counts(TypedDict):
    allocated: int
    freed: int
    passed: int
    bytes: int

@final
class PageGuard:
    """The page guard of this process. There is one; make it with `PageGuard.reserve()`.

    Reserve it, and lead libraries and interpreter to it, before a process is forked or limited; arm it in the child.
    Until then, and for what it cannot take, the real allocators do the work.
    """

    @staticmethod
    def unsupported() -> str | None:
        """Return why there can be none on this platform, or None."""

    @staticmethod
    def reserve(journal: Journal, capacity: int = ..., *, method: Literal["MADV_GUARD_INSTALL", "userfaultfd", "MAP_FIXED"] | None = None) -> PageGuard:
        """Reserve addresses for guarded blocks.

        Args:
            journal: what happens to guarded blocks is appended here.
            capacity: bytes of addresses, 64 GiB if left out. No memory is taken. Where a limit forbids so many, it is half
                of it, or a quarter, and so on.
            method: by what pages are made inaccessible; None for the best that this kernel has.

        Raises:
            ValueError: `capacity` is below 16 MiB, or there is no such method.
            RuntimeError: this process has its guard already.
            OSError: the system refused.
            Unsupported: not on this platform.
        """

    def arm(self, *, stacks: bool = False) -> None:
        """Guard what is allocated from now on, and stand before the handlers for SIGSEGV and SIGBUS.

        Call it after `faulthandler.enable()`, which then still gets its turn. `stacks` has the native stack of each
        allocation, free and fault taken, which costs as much again.

        Raises:
            OSError: the system refused.
        """

    def disarm(self) -> None:
        """Guard nothing new. Blocks that are out stay guarded."""

    def patch(self, libraries: list[str] | None = None) -> int:
        """Have the import slots of all loaded libraries lead to the guard; return how many do.

        Args:
            libraries: only those whose path ends in one of these allocate from the guard (and the C++ library); the others
                only give back to it. None: all allocate.
        """

    def guard_objects(self) -> None:
        """Put the guard under the interpreter's own allocators, all three domains of them.

        Raises:
            Unsupported: this is no CPython.
        """

    def begin(self, step: int, thread: int) -> None:
        """Say that the calling thread is in a step, inside what it is in already, until `end`."""

    def end(self) -> None:
        """Say that the step which the calling thread began last is over."""

    def rest(self, step: int, thread: int) -> None:
        """Say that the calling thread is between steps; `step` numbers what it does there. What it allocates is not guarded."""

    def next_program(self) -> None:
        """Say that another program begins: what was allocated before is not its doing."""

    def counts(self) -> _Counts:
        """Return how many blocks were allocated, freed, and passed to the real allocators, and the bytes in live ones."""

    def left(self) -> list[tuple[int, int, int, int]]:
        """Return the live blocks of the program that runs: (step, thread, blocks, bytes) for each moment that has some."""

    @property
    def method(self) -> str:
        """By what pages are made inaccessible."""

    @property
    def capacity(self) -> int:
        """Bytes of addresses there are for guarded blocks."""

def native_symbols(path: str | Path, offsets: list[int]) -> list[list[tuple[str, str | None, int | None]]]:
    """Return the functions at each of `offsets` into the file at `path`: (name, source file, line), the innermost first.

    There are several where calls were inlined, and none for what cannot be read.
    """

def fail_allocation(nth: int) -> int:
    """Have the n-th allocation fail that the calling thread makes from now on through the interpreter's allocators; no other fails.

    What libraries allocate by themselves is not counted. 0: none fails. Return how many were still to come until the one
    that would have failed, as was asked before; 0 if it has failed, or nothing was asked.

    Raises:
        Unsupported: not on this platform.
    """
