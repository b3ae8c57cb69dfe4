"""mailbox: letters, first in, first out, 32 at most (MAD-31; see mailbox.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libmailbox_{TWIN}.so")))
_lib.mailbox_new.restype = ctypes.c_void_p
_lib.mailbox_put.argtypes = [ctypes.c_void_p, ctypes.c_long]
_lib.mailbox_take.argtypes = _lib.mailbox_free.argtypes = [ctypes.c_void_p]
_lib.mailbox_free.restype = None
_lib.mailbox_put.restype = _lib.mailbox_take.restype = _lib.mailbox_alive.restype = ctypes.c_long
alive = _lib.mailbox_alive


class Mailbox:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.mailbox_new()
        return self

    def _live(self):
        if self._pointer is None:
            raise ValueError("mailbox is closed")
        return self._pointer

    def put(self, number):
        number = abs(int(number)) % 1000
        with self._lock:
            count = self._lib.mailbox_put(self._live(), number)
        if count < 0:
            raise BufferError("mailbox is full")
        return count

    def take(self):
        with self._lock:
            number = self._lib.mailbox_take(self._live())
        if number < 0:
            raise LookupError("mailbox is empty")
        return number

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.mailbox_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
