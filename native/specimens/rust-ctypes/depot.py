"""depot: boxes of numbers (MAD-27; see src/depot.rs)."""

import atexit
import ctypes
import operator
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so")))
_lib.depot_open.restype = _lib.depot_put.restype = _lib.depot_alive.restype = ctypes.c_int64
_lib.depot_put.argtypes = [ctypes.c_int64, ctypes.c_int64]
_lib.depot_close.argtypes = [ctypes.c_int64]
_lib.depot_start.restype = _lib.depot_stop.restype = _lib.depot_close.restype = None
alive = _lib.depot_alive


class Box:
    _lib, _lock = _lib, threading.RLock()
    _number, _stopped = 0, False

    def __new__(cls):
        self = super().__new__(cls)
        self._number = cls._lib.depot_open()
        return self

    def put(self, value):
        value = operator.index(value) & 0xFFFF
        with self._lock:
            if not self._number or self._stopped:
                raise ValueError("box is closed")
            return self._lib.depot_put(self._number, value)

    def close(self):
        with self._lock:
            number, self._number = self._number, 0
            if number:
                self._lib.depot_close(number)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()


def _stop(cls=Box):
    cls._stopped = True
    cls._lib.depot_stop()


_lib.depot_start()
atexit.register(_stop)
