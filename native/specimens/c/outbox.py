"""outbox: sends messages and waits until they have arrived (MAD-22; see outbox.c)."""

import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_path = str(Path(__file__).with_name(f"liboutbox_{TWIN}.so"))
_lib = ctypes.CDLL(_path)  # without the GIL
_lib.outbox_open.restype = ctypes.c_void_p
_lib.outbox_send.argtypes = _lib.outbox_flush.argtypes = _lib.outbox_free.argtypes = [ctypes.c_void_p]
_lib.outbox_send.restype = _lib.outbox_flush.restype = _lib.outbox_free.restype = None
_lib.outbox_alive.restype = ctypes.c_long
alive = _lib.outbox_alive


class Outbox:
    _lib = _lib
    _pointer, _closed = None, True

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.outbox_open()
        self._closed = False
        return self

    def _open(self):
        if self._closed or self._pointer is None:  # finalized, and given back by somebody's finalizer
            raise ValueError("outbox is closed")
        return self._pointer

    def send(self):
        self._lib.outbox_send(self._open())

    def flush(self):
        self._lib.outbox_flush(self._open())

    def close(self):
        self._closed = True  # the native half goes with the object: it may be in use

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._lib.outbox_free(pointer)
