"""cursor: rows of a result, behind a check in Python (MAD-18; see cursor.c)."""

import ctypes
import itertools
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libcursor_{TWIN}.so")))
_lib.cursor_open.restype = ctypes.c_void_p
_lib.cursor_fetch.argtypes = _lib.cursor_close.argtypes = [ctypes.c_void_p]
_lib.cursor_close.restype = None
_lib.cursor_fetch.restype = _lib.cursor_alive.restype = ctypes.c_long
alive = _lib.cursor_alive


class Cursor:
    _lib, _lock, _fixed = _lib, threading.RLock(), FIXED
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._fetched = itertools.count()
        self._pointer = cls._lib.cursor_open()
        return self

    def fetch(self):
        if self._fixed:
            with self._lock:
                return self._fetch()
        return self._fetch()

    def _fetch(self):
        pointer = self._pointer
        if pointer is None:
            raise ValueError("cursor is closed")
        next(self._fetched)  # any call: Python may go on with another thread after it
        return self._lib.cursor_fetch(pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.cursor_close(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
