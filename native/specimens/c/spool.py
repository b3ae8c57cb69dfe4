"""spool: print jobs over the C library of the same name (MAD-10; see spool.c)."""

import atexit
import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libspool_{TWIN}.so")))
_lib.spool_submit.restype = ctypes.c_void_p
_lib.spool_print.argtypes = _lib.spool_leave.argtypes = [ctypes.c_void_p]
_lib.spool_print.restype = _lib.spool_alive.restype = ctypes.c_long
_lib.spool_leave.restype = _lib.spool_start.restype = _lib.spool_stop.restype = None
alive = _lib.spool_alive
_lib.spool_start()
atexit.register(_lib.spool_stop)


class Job:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.spool_submit()
        return self

    def print(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("job is closed")
            return self._lib.spool_print(self._pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.spool_leave(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
