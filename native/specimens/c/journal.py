"""journal: a log that tells Python when it has closed (MAD-25; see journal.c)."""

import atexit
import ctypes
import itertools
import sys
import threading
import weakref
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_thunk_type = ctypes.CFUNCTYPE(None)
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libjournal_{TWIN}.so")))
_lib.journal_open.argtypes = [_thunk_type]
_lib.journal_open.restype = ctypes.c_void_p
_lib.journal_write.argtypes = _lib.journal_close.argtypes = [ctypes.c_void_p]
_lib.journal_close.restype = None
_lib.journal_write.restype = _lib.journal_alive.restype = ctypes.c_long
alive = _lib.journal_alive
_closed = itertools.count()


@_thunk_type
def _on_close():
    next(_closed)


class Journal:
    _lib, _lock = _lib, threading.RLock()
    _on_close = _on_close  # as long as the class lives
    _open = weakref.WeakSet()  # noqa: RUF012  one for all
    _is_finalizing = staticmethod(sys.is_finalizing)
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        with cls._lock:
            self._pointer = cls._lib.journal_open(cls._on_close)
            cls._open.add(self)
        return self

    def write(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("journal is closed")
            return self._lib.journal_write(self._pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.journal_close(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        if not self._is_finalizing():  # too late for Python code
            self.close()


def _at_exit():
    """Close what is open while the interpreter is whole."""
    for journal in list(Journal._open):
        journal.close()


if FIXED:
    atexit.register(_at_exit)
