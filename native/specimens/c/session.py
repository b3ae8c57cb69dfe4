"""session: a connection whose close() lets other threads run (MAD-19; see session.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_path = str(Path(__file__).with_name(f"libsession_{TWIN}.so"))
_lib = ctypes.PyDLL(_path)
_slow = ctypes.CDLL(_path)  # without the GIL
_lib.session_open.restype = ctypes.c_void_p
_lib.session_send.argtypes = [ctypes.c_void_p]
_slow.session_close.argtypes = [ctypes.c_void_p]
_slow.session_close.restype = None
_lib.session_send.restype = _lib.session_alive.restype = ctypes.c_long
alive = _lib.session_alive


class Session:
    _lib, _slow, _lock, _fixed = _lib, _slow, threading.RLock(), FIXED
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.session_open()
        return self

    def send(self):
        with self._lock:
            if self._pointer is None:
                raise ValueError("session is closed")
            return self._lib.session_send(self._pointer)

    def close(self):
        if self._fixed:
            with self._lock:
                pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._slow.session_close(pointer)
        elif self._pointer is not None:
            self._slow.session_close(self._pointer)
            self._pointer = None

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
