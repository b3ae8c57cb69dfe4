"""Texts."""

from __future__ import annotations

from ._low import function, writable
from .arguments import data, length, memory, size, wrong_type
from .owned import Owned

_of = function("text_of", "bni", "h")
_length = function("text_length", "h", "n")
_characters = function("text_characters", "h", "n")
_get = function("text_get", "h", "B")
_for_c = function("text_for_c", "h", "B")
_read = function("text_read", "hwn", "n")
_cut = function("text_cut", "hnn", "h")
_join = function("text_join", "hh", "h")
_close = function("text_close", "h")
_panic = function("text_provoke_panic", "h")


class Text(Owned):
    """A text in native memory, which never changes. Any thread may use it."""

    __slots__ = ()
    _how = "use Text.of() or Text.from_bytes()"

    @staticmethod
    def of(text: str) -> Text:
        """Make a text of a str."""
        if not isinstance(text, str):
            raise wrong_type(text, "text", "a str", "decode it first, or use Text.from_bytes()")
        # Of str, whatever a subclass makes of it; surrogates come through, and the core says which and where.
        encoded = str.encode(text, "utf-8", "surrogatepass")
        return Text._of(_of(encoded, len(encoded), 0))

    @staticmethod
    def from_bytes(data_: bytes, *, lossy: bool = False) -> Text:
        """Make a text of UTF-8; with `lossy`, of any bytes, with U+FFFD for what is not UTF-8."""
        return Text._of(_of(data(data_, "data"), length(data_), 1 if lossy else 0))

    @property
    def length(self) -> int:
        """How many bytes it has in UTF-8."""
        return _length(self._handle)

    @property
    def characters(self) -> int:
        """How many characters it has."""
        return _characters(self._handle)

    def __str__(self) -> str:
        return _get(self._handle).decode("utf-8")

    def for_c(self) -> bytes:
        """Return it as C wants it: UTF-8 with a NUL at the end, and nowhere else."""
        return _for_c(self._handle)

    def read_into(self, into: bytearray) -> int:
        """Copy all of it, or nothing, to the beginning of the bytearray, and return how many bytes that are."""
        room = writable(memory(into))
        return _read(self._handle, room, length(into))

    def cut(self, start: int, end: int) -> Text:
        """Make a text of the bytes `start` to `end`."""
        return Text._of(_cut(self._handle, size(start, "start"), size(end, "end")))

    def join(self, other: Text) -> Text:
        """Make a text of this one and the other one after it."""
        if not isinstance(other, Text):
            raise wrong_type(other, "other", "a Text", "make one with Text.of()")
        return Text._of(_join(self._handle, other._handle))

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic` and leaves the text fenced off."""
        _panic(self._handle)

    def close(self) -> None:
        """End it. Calls that are reading it on other threads end well."""
        _close(self._handle)
