"""parcel: packed, weighed and sent (MAD-02; see src/parcel.rs)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so")))
_lib.parcel_pack.restype = ctypes.c_void_p
_lib.parcel_weigh.argtypes = _lib.parcel_send.argtypes = _lib.parcel_free.argtypes = [ctypes.c_void_p]
_lib.parcel_weigh.restype = _lib.parcel_send.restype = ctypes.c_int64
_lib.parcel_free.restype = None
_lib.parcel_alive.restype = ctypes.c_ssize_t
alive = _lib.parcel_alive


class Parcel:
    _lib, _lock = _lib, threading.RLock()
    _pointer, _sent = None, False

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.parcel_pack()
        return self

    def _live(self):
        if self._pointer is None or self._sent:
            raise ValueError("there is no parcel")
        return self._pointer

    def weigh(self):
        with self._lock:
            return self._lib.parcel_weigh(self._live())

    def send(self):
        with self._lock:
            pointer = self._live()
            self._sent = True
            return self._lib.parcel_send(pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.parcel_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
