"""What every class here is: the owner of one handle."""

from __future__ import annotations

import warnings
from typing import Any

from . import exits
from ._low import discard, is_open, thunks
from .errors import ClosedHandle


class Owned:
    """Owns a handle until it is closed; dropped unclosed, it is closed with a `ResourceWarning`."""

    __slots__ = ("__weakref__", "_handle")
    _how = "see its class"

    def __new__(cls, *_args: object, **_named: object) -> Any:
        message = f"a {cls.__name__} is not made by calling its class: {cls._how}"
        raise TypeError(message)

    @classmethod
    def _of(cls, handle: int) -> Any:
        self = object.__new__(cls)
        self._handle = handle
        return self

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return not is_open(self._handle)

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""
        return self._handle

    def close(self) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._handle:#x}: {'closed' if self.closed else 'open'}>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        # Two owners of one handle would both close it.
        message = f"a {type(self).__name__} can be neither copied nor pickled: it owns a native object"
        raise TypeError(message)

    # What it uses is bound now: at the end of the interpreter the names of this module may be gone, and what C calls back.
    def __del__(
        self,
        is_open: Any = is_open,
        discard: Any = discard,
        calling: Any = exits.Calling,
        refused: Any = ClosedHandle,
        warn: Any = warnings.warn,
        _thunks: Any = thunks,
    ) -> None:
        handle = getattr(self, "_handle", 0)  # 0: made by `object.__new__`, which nobody should call
        if not is_open(handle):
            return
        try:
            with calling():
                discard(handle)
        except refused:
            return  # the process ends, and everything with it
        kind = type(self).__name__.lower()
        warn(f"unclosed {kind} {handle:#x}: close it, or use it in a with statement", ResourceWarning, 2)
