"""series: numbers folded with weights that Python gives (MAD-17; see series.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_thunk_type = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libseries_{TWIN}.so")))
_lib.series_new.restype = ctypes.c_void_p
_lib.series_fold.argtypes = [ctypes.c_void_p, _thunk_type]
_lib.series_free.argtypes = [ctypes.c_void_p]
_lib.series_free.restype = None
_lib.series_fold.restype = _lib.series_alive.restype = ctypes.c_long
alive = _lib.series_alive


class Series:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None
    _folding = 0

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.series_new()
        return self

    def fold(self, weigh):
        """The sum of every value times one, after asking `weigh` about each."""
        raised = []

        def weighed(_index):
            if FIXED:
                try:
                    weigh()
                except BaseException as error:  # noqa: BLE001  carried over the native frame
                    raised.append(error)
            else:
                weigh()
            return 1

        with self._lock:
            if self._pointer is None:
                raise ValueError("series is closed")
            self._folding += 1
            try:
                answer = self._lib.series_fold(self._pointer, _thunk_type(weighed))
            finally:
                self._folding -= 1
        if raised:
            raise raised[0]
        return answer

    def close(self):
        with self._lock:
            if self._folding:
                raise RuntimeError("series is being folded")
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.series_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
