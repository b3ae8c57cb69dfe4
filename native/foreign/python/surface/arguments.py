"""Arguments, checked before C sees them: ctypes would cut a number that is too large, and take None for a pointer."""

from __future__ import annotations

import operator

_LIMIT = 1 << 64


def wrong_type(value: object, name: str, expected: str, remedy: str) -> TypeError:
    """The exception for an argument of the wrong type."""
    return TypeError(f"{name} must be {expected}, not {type(value).__name__}: {remedy}")


def size(value: object, name: str, remedy: str = "pass 0 or more") -> int:
    """A number that fits into a size_t."""
    try:
        number = operator.index(value)
    except TypeError:
        if hasattr(type(value), "__index__"):
            raise  # it went wrong inside
        raise wrong_type(value, name, "an int", remedy) from None
    if not 0 <= number < _LIMIT:
        message = f"{name} is out of range: {remedy}"
        raise ValueError(message)
    return number


def place(offset: object) -> int:
    """The offset to start at: the beginning, if it is not said."""
    return 0 if offset is None else size(offset, "offset")


def data(value: object, name: str) -> bytes:
    """Bytes. Nothing else will do: what the buffer protocol lends could change during the call."""
    if not isinstance(value, bytes):
        raise wrong_type(value, name, "bytes", "encode it first")
    return value


def length(value: bytes | bytearray) -> int:
    """How many bytes there are, whatever a subclass says."""
    return bytes.__len__(value) if isinstance(value, bytes) else bytearray.__len__(value)


def memory(value: object) -> bytearray:
    """Memory to be filled."""
    if not isinstance(value, bytearray):
        raise wrong_type(value, "into", "a bytearray", "make one of the length to read")
    return value


def seconds(timeout: object) -> float | None:
    """How long to wait; None for without end."""
    if timeout is None:
        return None
    if isinstance(timeout, (str, bytes, bytearray)):
        raise wrong_type(timeout, "timeout", "a number", "pass seconds")
    number = float(timeout)  # type: ignore[arg-type]
    if not 0 <= number < float("inf"):
        message = "timeout is out of range: pass seconds, 0 or more, or None to wait without end"
        raise ValueError(message)
    return number
