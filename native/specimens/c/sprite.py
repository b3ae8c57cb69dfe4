"""sprite: a picture that moves (MAD-20; see sprite.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libsprite_{TWIN}.so")))
_lib.sprite_new.restype = ctypes.c_void_p
_lib.sprite_move.argtypes = _lib.sprite_free.argtypes = [ctypes.c_void_p]
_lib.sprite_move.restype = _lib.sprite_alive.restype = ctypes.c_long
alive = _lib.sprite_alive


class Sprite:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.sprite_new()
        return self

    def move(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("sprite is closed")
            return self._lib.sprite_move(self._pointer)

    def close(self):
        with self._lock:
            if self._pointer is not None and self._lib.sprite_free(self._pointer):
                raise RuntimeError("sprite belongs to another thread")
            self._pointer = None

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._lib.sprite_free(pointer)
