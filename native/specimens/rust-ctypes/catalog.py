"""catalog: numbers behind a read-write lock (MAD-22; see src/catalog.rs)."""

import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_call_type = ctypes.CFUNCTYPE(None, ctypes.c_int64)
_path = str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so"))
_lib = ctypes.PyDLL(_path)
_slow = ctypes.CDLL(_path)  # without the GIL
_lib.catalog_open.restype = ctypes.c_void_p
_lib.catalog_add.argtypes = [ctypes.c_void_p, ctypes.c_int64]
_slow.catalog_each.argtypes = [ctypes.c_void_p, _call_type]
_lib.catalog_free.argtypes = [ctypes.c_void_p]
_lib.catalog_add.restype = _slow.catalog_each.restype = _lib.catalog_free.restype = None
_lib.catalog_alive.restype = ctypes.c_ssize_t
alive = _lib.catalog_alive


class Catalog:
    _lib, _slow, _call_type = _lib, _slow, _call_type
    _pointer, _closed = None, True

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.catalog_open()
        self._closed = False
        return self

    def _open(self):
        if self._closed or self._pointer is None:  # finalized, and given back by somebody's finalizer
            raise ValueError("catalog is closed")
        return self._pointer

    def add(self, number):
        self._lib.catalog_add(self._open(), number)

    def each(self):
        numbers = []
        call = self._call_type(numbers.append)
        self._slow.catalog_each(self._open(), call)
        return numbers

    def close(self):
        self._closed = True  # the native half goes with the object: it may be in use

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._lib.catalog_free(pointer)
