"""cellar: casks on one list (MAD-16; see cellar.c)."""

import ctypes
import gc
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_make_room_type = ctypes.CFUNCTYPE(None)
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libcellar_{TWIN}.so")))
_lib.cellar_open.argtypes = [_make_room_type]
_lib.cellar_open.restype = ctypes.c_void_p
_lib.cellar_fill.argtypes = _lib.cellar_free.argtypes = [ctypes.c_void_p]
_lib.cellar_free.restype = None
_lib.cellar_fill.restype = _lib.cellar_alive.restype = ctypes.c_long
alive = _lib.cellar_alive


@_make_room_type
def _make_room(collect=gc.collect):
    collect()


class Cask:
    _lib, _lock, _make_room = _lib, threading.RLock(), _make_room
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.cellar_open(cls._make_room)
        return self

    def fill(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("cask is closed")
            return self._lib.cellar_fill(self._pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.cellar_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
