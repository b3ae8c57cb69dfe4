"""tape: a tape over the C library of the same name (MAD-09; see tape.c)."""

import ctypes
import operator
import threading
import weakref
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libtape_{TWIN}.so")))
_lib.tape_open.restype = ctypes.c_void_p
_lib.tape_wind.argtypes = [ctypes.c_void_p, ctypes.c_long]
_lib.tape_wind.restype = ctypes.c_long
_lib.tape_free.argtypes = [ctypes.c_void_p]
_lib.tape_free.restype = None
_lib.tape_alive.restype = ctypes.c_long
alive = _lib.tape_alive


class Tape:
    _lib, _fixed = _lib, FIXED
    _lock = threading.RLock()
    _pointer, _closed, _finalizer = None, True, None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.tape_open()
        self._finalizer = weakref.finalize(self, cls._lib.tape_free, self._pointer)
        self._closed = False
        return self

    def _open(self):
        if self._closed or (self._fixed and not self._finalizer.alive):
            raise ValueError("tape is closed")
        return self._pointer

    def wind(self, by):
        by = operator.index(by)
        with self._lock:
            return self._lib.tape_wind(self._open(), by)

    def close(self):
        with self._lock:
            self._closed = True
            if self._finalizer is not None:
                self._finalizer()

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")
