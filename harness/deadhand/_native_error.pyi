"""The part of `deadhand._native` that is about codes and records. A stub only: import from `deadhand._native`."""

from collections.abc import Callable
from typing import final

from typing_extensions import Buffer as Lendable

from deadhand._native import _Closable

@final
class LastError:
    """What went wrong last on a thread, in an entry of an `Interface`. Two are equal if all of it is."""

    @property
    def code(self) -> int:
        """What it was: the number that the entry returned, without its sign. `docs/core.md` lists them."""

    @property
    def message(self) -> str:
        """One line that says what to do about it."""

    @property
    def handle(self) -> int | None:
        """The handle that it went wrong with, if that is known."""

    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def last_error() -> LastError | None:
    """Return what is recorded for this thread, or None; it stays. Nothing of other threads is ever seen."""

def take_last_error() -> LastError | None:
    """Return what is recorded for this thread, or None, and forget it."""

def clear_last_error() -> None:
    """Forget what is recorded for this thread."""

@final
class Interface(_Closable):
    """Buffers as a C library has them: the host has their numbers and nothing else. Any thread may use it.

    The methods from `allocate` to `panic` are its *entries*. What goes wrong in one is recorded for its thread, over
    what was there, and the entry returns the code, negative; `TypeError` and the like are raised, and not recorded. An
    entry that succeeds clears the record, or, with `keep`, leaves it.
    """

    def __new__(cls, *, keep: bool = False, slots: int | None = None, generations: int | None = None) -> Interface:
        """Make one with no buffers.

        Args:
            keep: an entry that succeeds leaves the record as it is.
            slots: how many buffers it can have, resting ones included.
            generations: how many buffers one slot can have, one after the other, before it is retired.

        Raises:
            HandleError: the process has made as many tables as it can.
        """

    def allocate(self, length: int) -> int:
        """Make a buffer of `length` zeros and return its handle."""

    def allocate_filled(self, fill: Callable[[int], bytes]) -> int:
        """Make a buffer of the bytes that `fill` returns, and return its handle.

        `fill` is called with that handle, which is of no use before this returns, and may call entries: they have the
        same record, and this one ends last. What `fill` raises is raised here, and there is no buffer.
        """

    def length(self, buffer: int) -> int:
        """Return how many bytes the buffer has."""

    def read_into(self, buffer: int, into: Lendable, offset: int | None = None) -> int:
        """Fill all of the writable, contiguous buffer `into` with the bytes from `offset` on, and return 0."""

    def write(self, buffer: int, data: bytes, offset: int | None = None) -> int:
        """Copy `data` to `offset`, and return 0."""

    def resize(self, buffer: int, length: int) -> int:
        """Give it another length, keep what fits, fill up with zeros, and return the new epoch."""

    def free(self, buffer: int) -> int:
        """End the buffer, and return 0. The second time is an error."""

    def panic(self, buffer: int) -> int:
        """Panic in a call on the buffer, for tests: it is fenced off."""

    def buffers(self) -> int:
        """Return how many buffers it has. This is no entry."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the interface is fenced off. This is no entry.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """Close it, with all its buffers; an entry that is at work ends well. Closing it again does nothing."""
