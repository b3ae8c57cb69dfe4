"""bundle: pieces of bytes, and their sum (MAD-12; see bundle.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libbundle_{TWIN}.so")))
_lib.bundle_open.restype = ctypes.c_void_p
_lib.bundle_add.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
_lib.bundle_checksum.argtypes = _lib.bundle_total.argtypes = _lib.bundle_free.argtypes = [ctypes.c_void_p]
_lib.bundle_add.restype = ctypes.c_int
_lib.bundle_checksum.restype = _lib.bundle_total.restype = _lib.bundle_alive.restype = ctypes.c_long
_lib.bundle_free.restype = None
alive = _lib.bundle_alive


class Bundle:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._kept = []  # what the library has the addresses of
        self._pointer = cls._lib.bundle_open()
        return self

    def _live(self):
        if self._pointer is None:
            raise ValueError("bundle is closed")
        return self._pointer

    def add(self, data):
        data = bytes(data)
        piece = (ctypes.c_ubyte * len(data)).from_buffer_copy(data)
        with self._lock:
            if self._lib.bundle_add(self._live(), ctypes.addressof(piece), len(data)):
                raise MemoryError
            if FIXED:
                self._kept.append(piece)
            else:
                self._kept = [piece]

    def total(self):
        """The sum of the bytes, and what it was when they came."""
        with self._lock:
            pointer = self._live()
            return self._lib.bundle_total(pointer), self._lib.bundle_checksum(pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.bundle_free(pointer)
                self._kept = []

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
