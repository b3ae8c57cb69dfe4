"""recycler: blocks of native memory from a pool that takes them back (MAD-09; see recycler.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"librecycler_{TWIN}.so")))
_lib.block_new.restype = ctypes.c_void_p
_lib.block_size.argtypes = _lib.block_wipe.argtypes = _lib.block_free.argtypes = [ctypes.c_void_p]
_lib.block_size.restype = _lib.recycler_alive.restype = ctypes.c_long
_lib.block_wipe.restype = _lib.block_free.restype = None
alive = _lib.recycler_alive
_lock = threading.RLock()


class Pool:
    """Hands out blocks; a block that is dropped comes back, one that is closed does not."""

    _lib, _lock, _fixed = _lib, _lock, FIXED
    closed = True

    def __new__(cls):
        self = super().__new__(cls)
        self._idle = []
        self.closed = False
        return self

    def take(self):
        with self._lock:
            if self.closed:
                raise ValueError("pool is closed")
            if not self._idle:
                return Block._around(self, self._lib.block_new())
            idle = self._idle.pop()
            return Block._around(self, idle) if self._fixed else idle

    def _give_back(self, block):
        with self._lock:
            if self.closed:
                block.close()
            elif self._fixed:
                pointer, block._pointer = block._pointer, None  # whoever gets the block back has none
                self._lib.block_wipe(pointer)
                self._idle.append(pointer)
            else:
                self._lib.block_free(block._pointer)
                self._idle.append(block)

    def close(self):
        with self._lock:
            self.closed = True
            idle, self._idle = self._idle, []
            for pointer in idle if self._fixed else ():
                self._lib.block_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        if not self.closed:
            self.close()


class Block:
    _lib, _lock = _lib, _lock
    _pool = _pointer = None

    @classmethod
    def _around(cls, pool, pointer):
        self = cls.__new__(cls)
        self._pool, self._pointer = pool, pointer
        return self

    def size(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("block is closed")
            return self._lib.block_size(self._pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.block_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        if self._pointer is not None:
            self._pool._give_back(self)
