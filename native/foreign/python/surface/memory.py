"""Buffers, slices, spans and pools. `read` has native allocate, `read_into` has native fill memory of Python in place."""

from __future__ import annotations

from typing import Any

from ._low import discard, function, is_open, writable
from .arguments import data, length, memory, place, size
from .owned import Owned

_ALL = (1 << 64) - 1
_zeros = function("buffer_zeros", "n", "h")
_of = function("buffer_of", "bn", "h")
_epoch = function("buffer_epoch", "h", "h")
_resize = function("buffer_resize", "hn", "h")
_slice = function("buffer_slice", "hnn", "h")
_span = function("buffer_span", "hnn", "h")
_panic = function("buffer_provoke_panic", "h")
_revoke = function("slice_revoke", "h")
_new_pool = function("pool_new", "n", "h")
_rent = function("pool_rent", "hn", "h")
_report = function("pool_report", "h", "P")
_pool_close = function("pool_close", "h")


class _Bytes(Owned):
    """What a buffer, a slice and a span have in common."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        kind = cls.__name__.lower()
        cls._length = staticmethod(function(f"{kind}_length", "h", "n"))
        cls._get = staticmethod(function(f"{kind}_get", "hnn", "B"))
        cls._read = staticmethod(function(f"{kind}_read", "hnwn"))
        cls._write = staticmethod(function(f"{kind}_write", "hnbn"))
        cls._close = staticmethod(function(f"{kind}_close", "h"))

    @property
    def length(self) -> int:
        """How many bytes it has, shows or pins."""
        return self._length(self._handle)

    def read(self, offset: int | None = None, length: int | None = None) -> bytes:
        """Return `length` bytes from `offset` on; without `length`, all that are there."""
        return self._get(self._handle, place(offset), _ALL if length is None else size(length, "length"))

    def read_into(self, into: bytearray, offset: int | None = None) -> None:
        """Fill all of the bytearray with the bytes from `offset` on. It cannot be resized meanwhile."""
        start = place(offset)
        # The room first: from then on its length is what it is.
        room = writable(memory(into))
        self._read(self._handle, start, room, length(into))

    def write(self, data_: bytes, offset: int | None = None) -> None:
        """Copy `data` to `offset`."""
        self._write(self._handle, place(offset), data(data_, "data"), length(data_))

    def close(self) -> None:
        """End it. Closing it again does nothing."""
        self._close(self._handle)


class Buffer(_Bytes):
    """Bytes of native memory. Any thread may use it; a lock inside keeps reads and writes apart."""

    __slots__ = ("_left",)
    _how = "use Buffer.zeros(), Buffer.of() or pool.rent()"

    @classmethod
    def _of(cls, handle: int) -> Any:
        self = super()._of(handle)
        self._left = False
        return self

    def __del__(self, finalize: Any = Owned.__del__, is_open: Any = is_open) -> None:
        finalize(self)
        # Of a cycle the collector finalizes in any order: a span may still be out, and then has to end this, too.
        self._left = bool(is_open(getattr(self, "_handle", 0)))

    @staticmethod
    def zeros(length: int) -> Buffer:
        """Make a buffer of `length` zeros."""
        return Buffer._of(_zeros(size(length, "length")))

    @staticmethod
    def of(data_: bytes) -> Buffer:
        """Make a buffer with a copy of `data`."""
        return Buffer._of(_of(data(data_, "data"), length(data_)))

    @property
    def epoch(self) -> int:
        """How often it was resized, plus one."""
        return _epoch(self._handle)

    def resize(self, length: int) -> int:
        """Give it another length, keep what fits, fill up with zeros, and return the new epoch."""
        return _resize(self._handle, size(length, "length"))

    def slice(self, offset: int, length: int) -> Slice:
        """Make a view of a part that is good until it is revoked, or the buffer resized or closed."""
        return Slice._view(self, _slice(self._handle, size(offset, "offset"), size(length, "length")))

    def span(self, offset: int, length: int) -> Span:
        """Pin a part: the buffer can be neither resized nor closed until the span is closed."""
        return Span._view(self, _span(self._handle, size(offset, "offset"), size(length, "length")))

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic` and leaves the buffer fenced off."""
        _panic(self._handle)


class Slice(_Bytes):
    """A view of a part of a buffer, until it is revoked or the buffer is resized or closed. Any thread may use it."""

    __slots__ = ("_buffer",)
    _how = "use buffer.slice()"

    @classmethod
    def _view(cls, buffer: Buffer, handle: int) -> Any:
        self = cls._of(handle)
        self._buffer = buffer  # so that only a close, and not the collector, ends the buffer under it
        return self

    def revoke(self) -> None:
        """Take its right away, for good. When this returns, no call reads or writes through it any more."""
        _revoke(self._handle)


class Span(_Bytes):
    """A pinned part of a buffer. Any thread may use it."""

    __slots__ = ("_buffer",)
    _how = "use buffer.span()"
    _view = classmethod(Slice._view.__func__)

    def __del__(self, finalize: Any = Owned.__del__, discard: Any = discard) -> None:
        finalize(self)
        buffer = getattr(self, "_buffer", None)
        if buffer is not None and buffer._left:
            discard(buffer._handle)


class Pool(Owned):
    """Where buffers are rented, whose memory it keeps between their lives. Any thread may use it."""

    __slots__ = ()
    _how = "use Pool.create()"

    @staticmethod
    def create(capacity: int) -> Pool:
        """Make a pool that keeps at most `capacity` blocks between their lives."""
        return Pool._of(_new_pool(size(capacity, "capacity")))

    def rent(self, length: int) -> Buffer:
        """Make a buffer of `length` zeros, under a handle of its own, in memory that may have been a buffer before."""
        return Buffer._of(_rent(self._handle, size(length, "length")))

    def report(self) -> dict[str, int]:
        """Return how many buffers were `rented`, how many of those `resurrected`, how many blocks rest or are `dirty`."""
        return _report(self._handle)

    def close(self) -> None:
        """End the pool; what is rented goes on."""
        _pool_close(self._handle)
