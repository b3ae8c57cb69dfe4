"""page: a page of memory read without the GIL (MAD-18; see src/page.rs)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_path = str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so"))
_lib = ctypes.PyDLL(_path)
_slow = ctypes.CDLL(_path)  # without the GIL
_lib.page_open.argtypes = [ctypes.c_int64]
_lib.page_open.restype = ctypes.c_void_p
_lib.page_share.argtypes = _slow.page_read.argtypes = _lib.page_close.argtypes = [ctypes.c_void_p]
_lib.page_share.restype = _lib.page_close.restype = None
_slow.page_read.restype = ctypes.c_int64
_lib.page_alive.restype = ctypes.c_ssize_t
alive = _lib.page_alive


class Page:
    _lib, _slow, _lock, _fixed = _lib, _slow, threading.RLock(), FIXED
    _pointer = None

    def __new__(cls, word=0):
        self = super().__new__(cls)
        self._pointer = cls._lib.page_open(word)
        return self

    def read(self):
        with self._lock:
            pointer = self._pointer
            if pointer is None:
                raise ValueError("page is closed")
            if self._fixed:
                self._lib.page_share(pointer)
        return self._slow.page_read(pointer)

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.page_close(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
