"""channel: a message channel over the C library of the same name (MAD-02; see channel.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libchannel_{TWIN}.so")))
_lib.channel_open.restype = ctypes.c_void_p
_lib.channel_send.argtypes = [ctypes.c_void_p]
_lib.channel_send.restype = ctypes.c_long
_lib.channel_free.argtypes = [ctypes.c_void_p]
_lib.channel_free.restype = None
_lib.channel_alive.restype = ctypes.c_long
alive = _lib.channel_alive


class Channel:
    _lib = _lib
    _lock = threading.RLock()
    _pointer = None
    _fixed = FIXED
    closed = True

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.channel_open()
        self.closed = False
        return self

    def send(self):
        with self._lock:
            if self.closed:
                raise ValueError("channel is closed")
            return self._lib.channel_send(self._pointer)

    def close(self):
        with self._lock:
            if not self.closed:
                self.closed = True
                self._lib.channel_free(self._pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        if self._fixed:
            self.close()
        elif self._pointer:
            self._lib.channel_free(self._pointer)
