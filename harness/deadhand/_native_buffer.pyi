"""The part of `deadhand._native` that is about memory. A stub only: import from `deadhand._native`."""

from typing import TypedDict, final, type_check_only

from typing_extensions import Buffer as Lendable

from deadhand._native import _Closable

class OutOfRange(ValueError):
    """The bytes asked for are not all there, or are more than an object can have. The text says how many there are."""

@type_check_only
class _Bytes(_Closable):
    @property
    def length(self) -> int:
        """How many bytes it has, shows or pins."""

    def read(self, offset: int | None = None, length: int | None = None) -> bytes:
        """Return `length` bytes from `offset` on; without `length`, all that are there.

        Raises:
            OutOfRange: they are not all there.
        """

    def read_into(self, into: Lendable, offset: int | None = None) -> None:
        """Fill all of the writable, contiguous buffer `into` with the bytes from `offset` on.

        `into` is a `bytearray`, an array, a `memoryview` of one. It is filled while the call runs, without the GIL, and
        cannot be resized meanwhile; when this raises, it is unchanged.

        Raises:
            OutOfRange: there are fewer than `into` has room for.
        """

    def write(self, data: bytes, offset: int | None = None) -> None:
        """Copy `data` to `offset`. Nothing grows by it.

        Raises:
            OutOfRange: it does not fit; nothing was written.
        """

@final
class Buffer(_Bytes):
    """Bytes of native memory. Any thread may use it; a lock inside keeps reads and writes apart.

    Make one with `Buffer.zeros()`, `Buffer.of()` or `pool.rent()`. All methods but `close` raise `StaleHandle` after
    `close`, and `FencedHandle` after a panic. One that is dropped unclosed is closed, with a `ResourceWarning`.
    """

    @staticmethod
    def zeros(length: int) -> Buffer:
        """Make a buffer of `length` zeros.

        Raises:
            OutOfRange: `length` is above 256 MiB.
            MemoryError: there is no memory left.
        """

    @staticmethod
    def of(data: bytes) -> Buffer:
        """Make a buffer with a copy of `data`; raises as `zeros` does."""

    @property
    def epoch(self) -> int:
        """How often it was resized, plus one."""

    def resize(self, length: int) -> int:
        """Give it another length, keep what fits, fill up with zeros, and return the new epoch. Outdates all slices.

        Raises:
            BusyHandle: a span is out; the buffer is as before.
            OutOfRange, MemoryError: as for `zeros`; the buffer is as before.
        """

    def slice(self, offset: int, length: int) -> Slice:
        """Make a view of a part that is good until it is revoked, or the buffer resized or closed.

        Raises:
            OutOfRange: the part is not all there.
        """

    def span(self, offset: int, length: int) -> Span:
        """Pin a part: the buffer can be neither resized nor closed until the span is closed.

        Raises:
            OutOfRange: the part is not all there.
        """

    def provoke_panic(self, *, at_end: bool = False) -> None:
        """Panic in native code, for tests: the buffer is fenced off. With `at_end`, its end will panic instead.

        Raises:
            NativePanic: always, unless the handle is refused; with `at_end` it is `close` that does.
        """

    def close(self) -> None:
        """End it; a rented one gives its memory back to the pool. Closing it again does nothing.

        Raises:
            BusyHandle: a span is out, or another thread is in a call on the buffer or one of its slices.
        """

@final
class Slice(_Bytes):
    """A view of a part of a buffer. It does not pin: the buffer may be resized or closed. Any thread may use it.

    All methods but `revoke` and `close` raise `StaleHandle` when it was revoked or closed, or its buffer was resized or
    closed. It keeps the `Buffer` object, so that dropping the last other reference does not close the buffer.
    """

    def revoke(self) -> None:
        """Take its right away, for good. When this returns, no call reads or writes through it any more."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the slice is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """End the slice, not the buffer. Closing it again does nothing."""

@final
class Span(_Bytes):
    """A pinned part of a buffer, which can be neither resized nor closed meanwhile. Any thread may use it.

    All methods but `close` raise `StaleHandle` after `close`.
    """

    def view(self, *, writable: bool = False) -> memoryview:
        """Lend the bytes to Python as they are, with nothing copied.

        Neither the span nor its buffer can be closed until the view, everything that was sliced or cast of it and
        every array over it are released or dropped. While a read-only view is out, no part of the buffer can be
        written; while a writable one is, no part can be read, written or lent either: `BusyHandle`.

        Raises:
            BusyHandle: a writable view is out; for a writable one, any view.
        """

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the span is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """Release the buffer. Closing it again does nothing.

        Raises:
            BusyHandle: a view is out, or another thread is in a call on the span.
        """

@type_check_only
class _PoolReport(TypedDict):
    rented: int
    resurrected: int
    resting: int
    dirty: list[int]

@final
class Pool(_Closable):
    """Where buffers are rented, whose memory it keeps between their lives. Any thread may use it."""

    @staticmethod
    def create(capacity: int) -> Pool:
        """Make a pool that keeps at most `capacity` blocks between their lives."""

    def rent(self, length: int) -> Buffer:
        """Make a buffer of `length` zeros, under a handle of its own, in memory that may have been a buffer before.

        Closing the buffer gives the memory back.

        Raises:
            OutOfRange, MemoryError: as for `Buffer.zeros`.
            StaleHandle, ClosedHandle: the pool is closed.
        """

    def report(self) -> _PoolReport:
        """Return how many buffers were `rented`, how many of those `resurrected`, how many blocks are `resting`, `dirty`.

        `dirty` are the handles whose memory was written to between two lives: through a pointer that somebody kept.
        """

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the pool is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """End the pool; what is rented goes on. Closing it again does nothing."""
