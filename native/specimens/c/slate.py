"""slate: text that grows, and lends itself out (MAD-11; see slate.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libslate_{TWIN}.so")))
_lib.slate_new.argtypes = [ctypes.c_void_p, ctypes.c_long, ctypes.c_int]
_lib.slate_new.restype = ctypes.c_void_p
_lib.slate_move.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_int]
_lib.slate_free.argtypes = [ctypes.c_void_p]
_lib.slate_move.restype = _lib.slate_free.restype = None
_lib.slate_alive.restype = ctypes.c_long
alive = _lib.slate_alive


class Slate:
    _lib, _lock = _lib, threading.RLock()
    _pointer = _block = None

    def __new__(cls, size, fill):
        self = super().__new__(cls)
        self._block = (ctypes.c_ubyte * size)()
        self._pointer = cls._lib.slate_new(ctypes.addressof(self._block), size, fill)
        return self

    def _live(self):
        if self._pointer is None:
            raise ValueError("slate is closed")
        return self._pointer

    def view(self):
        with self._lock:
            self._live()
            if FIXED:
                return memoryview(self._block)
            return memoryview(type(self._block).from_address(ctypes.addressof(self._block)))

    def append(self, more, fill):
        with self._lock:
            self._live()
            longer = (ctypes.c_ubyte * (len(self._block) + more))()
            self._lib.slate_move(self._live(), ctypes.addressof(longer), len(longer), fill)
            self._block = longer

    def close(self):
        with self._lock:
            pointer, self._pointer, self._block = self._pointer, None, None
            if pointer is not None:
                self._lib.slate_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
