"""pool: a pool of one worker over the C library of the same name (MAD-28; see pool.c)."""

import ctypes
import operator
import os
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.CDLL(str(Path(__file__).with_name(f"libpool_{TWIN}.so")))  # without the GIL
_lib.pool_open.restype = ctypes.c_void_p
_lib.pool_submit.argtypes = [ctypes.c_void_p, ctypes.c_long]
_lib.pool_submit.restype = ctypes.c_long
_lib.pool_close.argtypes = [ctypes.c_void_p]
_lib.pool_close.restype = None
_lib.pool_alive.restype = ctypes.c_long
alive = _lib.pool_alive


class Pool:
    _lib, _pointer = _lib, None
    _lock = threading.RLock()

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.pool_open()
        return self

    def submit(self, number):
        number = operator.index(number)
        with self._lock:
            if self._pointer is None:
                raise ValueError("pool is closed")
            answer = self._lib.pool_submit(self._pointer, number)
        if answer < 0:
            raise RuntimeError("the pool belongs to another process")
        return answer

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.pool_close(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()


def _new_lock(cls=Pool):
    """In a forked child: a thread that is not there may have held the old one."""
    cls._lock = threading.RLock()


os.register_at_fork(after_in_child=_new_lock)
