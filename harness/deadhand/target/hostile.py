"""Hostile values: strategies for objects whose protocol method runs more steps in the middle of a call.

They combine with ordinary strategies: `st.integers() | hostile.index()`. What runs inside, how often and on which
handle is drawn by deadhand, is part of the program, and shrinks with it. The object itself is built in the child.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from deadhand.model.values import HostileSpec

_SMALL = st.sampled_from([0, 1, -1, 2, 7, 8, 200_000])
_BYTES = st.sampled_from([b"", b"a", b"abcdefgh", b"x" * 900, b"x" * 200_000])
_TEXT = st.sampled_from(["", "a", ":", "ab", "abcdefgh"])
_ITEMS = st.lists(st.integers(0, 9) | _TEXT, max_size=4)


def _spec(protocol: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[HostileSpec]:
    return values.map(lambda value: HostileSpec(protocol, value))


def index(value: st.SearchStrategy[int] = _SMALL) -> st.SearchStrategy[HostileSpec]:
    """An object with `__index__`, `__int__` and `__float__`."""
    return _spec("index", value)


def equal(value: st.SearchStrategy[bool] = st.booleans()) -> st.SearchStrategy[HostileSpec]:
    """An object with `__eq__`, `__lt__` and the other comparisons, and a constant `__hash__`."""
    return _spec("equal", value)


def hashed(value: st.SearchStrategy[int] = st.integers(0, 3)) -> st.SearchStrategy[HostileSpec]:
    """An object with `__hash__` and `__eq__`; both run the steps."""
    return _spec("hashed", value)


def text(value: st.SearchStrategy[str] = _TEXT) -> st.SearchStrategy[HostileSpec]:
    """A subclass of str with `__len__`, `__str__`, `__hash__`, `__eq__`, `__iter__`."""
    return _spec("text", value)


def data(value: st.SearchStrategy[bytes] = _BYTES) -> st.SearchStrategy[HostileSpec]:
    """A subclass of bytes with `__len__`, `__bytes__`, `__getitem__`, `__iter__`."""
    return _spec("data", value)


def iterable(items: st.SearchStrategy[list[Any]] = _ITEMS) -> st.SearchStrategy[HostileSpec]:
    """An object with `__iter__`, `__next__`, `__len__`, `__getitem__`, `__length_hint__`."""
    return _spec("iterable", items)


def sequence(items: st.SearchStrategy[list[Any]] = _ITEMS) -> st.SearchStrategy[HostileSpec]:
    """A subclass of list with `__len__`, `__getitem__`, `__iter__`."""
    return _spec("sequence", items)


def mapping(
    items: st.SearchStrategy[dict[Any, Any]] = st.dictionaries(_TEXT, _SMALL, max_size=3),
) -> st.SearchStrategy[HostileSpec]:
    """An object with `keys`, `__getitem__`, `__iter__`, `__len__`, `__contains__`, `items`."""
    return _spec("mapping", items)


def buffer(value: st.SearchStrategy[bytes] = _BYTES) -> st.SearchStrategy[HostileSpec]:
    """A writable buffer: `__buffer__` from Python 3.12, before that a bytearray subclass with hostile `__len__`."""
    return _spec("buffer", value)


def file(value: st.SearchStrategy[bytes] = _BYTES) -> st.SearchStrategy[HostileSpec]:
    """A file: read, readinto, readline, write, seek, tell, flush, truncate, close; it may keep what it is given."""
    return _spec("file", value)


def truth(value: st.SearchStrategy[bool] = st.booleans()) -> st.SearchStrategy[HostileSpec]:
    """An object with `__bool__`."""
    return _spec("truth", value)


def path(value: st.SearchStrategy[str] = _TEXT) -> st.SearchStrategy[HostileSpec]:
    """An object with `__fspath__`."""
    return _spec("path", value)


def object(value: st.SearchStrategy[int] = st.integers(0, 9)) -> st.SearchStrategy[HostileSpec]:  # noqa: A001  the field's word
    """A plain weak-referenceable object with hostile comparison, hash, repr and attributes: an element, user data."""
    return _spec("object", value)


def callback(returns: st.SearchStrategy[Any] = st.none()) -> st.SearchStrategy[HostileSpec]:
    """A callable that takes anything, runs its steps, and returns what `returns` drew."""
    return _spec("callback", returns)


class Reentry:
    """Marks a parameter that takes a callback: `def call_back(self, connection, reenter: Reentry)`.

    For a callback that must return something: `reenter=hostile.callback(returns=st.integers())`.
    """


class Borrowed:
    """Marks a parameter that lends its value: a temporary buffer, overwritten and dropped right after the call."""
