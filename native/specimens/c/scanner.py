"""scanner: finds things on a thread of the library's own (MAD-18; see scanner.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_found_type = ctypes.CFUNCTYPE(None, ctypes.c_long)
_path = str(Path(__file__).with_name(f"libscanner_{TWIN}.so"))
_lib = ctypes.PyDLL(_path)
_slow = ctypes.CDLL(_path)  # without the GIL
_lib.scanner_open.argtypes = [ctypes.c_long]
_lib.scanner_open.restype = ctypes.c_void_p
_lib.scanner_count.argtypes = [ctypes.c_void_p, ctypes.c_long]
_slow.scanner_scan.argtypes = [ctypes.c_void_p, _found_type]
_slow.scanner_close.argtypes = [ctypes.c_void_p]
_lib.scanner_count.restype = _slow.scanner_scan.restype = _slow.scanner_close.restype = None
_lib.scanner_alive.restype = ctypes.c_long
alive = _lib.scanner_alive


class Scanner:
    _lib, _slow, _lock, _found_type = _lib, _slow, threading.RLock(), _found_type
    _pointer = None

    def __new__(cls, answer=0):
        self = super().__new__(cls)
        self._pointer = cls._lib.scanner_open(answer)
        return self

    def scan(self):
        answers = []
        found = self._found_type(answers.append)  # lives until the thread has ended
        with self._lock:
            pointer = self._pointer
            if pointer is None:
                raise ValueError("scanner is closed")
            self._lib.scanner_count(pointer, 1)
        self._slow.scanner_scan(pointer, found)
        return answers.pop()

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._slow.scanner_close(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
