"""The part of `deadhand._native` that is about texts. A stub only: import from `deadhand._native`."""

from typing import final

from typing_extensions import Buffer as Lendable

from deadhand._native import _Closable

class NotText(ValueError):
    """What should be text is not UTF-8, or has a NUL that C cannot have. The text says where, and what to do."""

@final
class Text(_Closable):
    """A text in native memory, which never changes. Any thread may use it.

    All methods but `close` raise `StaleHandle` or `ClosedHandle` after `close`, `FencedHandle` after a panic, and
    `HandleError` when its memory was overwritten. One that is dropped unclosed is closed, with a `ResourceWarning`.
    """

    @staticmethod
    def of(text: str) -> Text:
        """Make a text of a str.

        Raises:
            NotText: it has a surrogate.
            OutOfRange: it takes more than 256 MiB.
        """

    @staticmethod
    def from_bytes(data: bytes, *, lossy: bool = False) -> Text:
        """Make a text of UTF-8; with `lossy`, of any bytes, with U+FFFD for what is not UTF-8. Raises as `of` does."""

    @property
    def length(self) -> int:
        """How many bytes it has in UTF-8."""

    @property
    def characters(self) -> int:
        """How many characters it has, as `len(str(text))` counts them."""

    def for_c(self) -> bytes:
        """Return it as C wants it: UTF-8 with a NUL at the end. Raises `NotText` if there is one before."""

    def read_into(self, into: Lendable) -> int:
        """Copy all of it, or nothing, to the beginning of the writable buffer `into`, and return how many bytes that are.

        Raises:
            OutOfRange: `into` is too small.
        """

    def cut(self, start: int, end: int) -> Text:
        """Make a text of the bytes `start` to `end`. It does not need this one any more.

        Raises:
            OutOfRange: they are not all there, or one of both is inside a character.
        """

    def join(self, other: Text) -> Text:
        """Make a text of this one and the other one after it. It does not need them any more."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic`, and the text is fenced off."""

    def close(self) -> None:
        """End it; calls that are reading it on other threads end well. Closing it again does nothing."""
