"""timer: calls Python at every tick (MAD-13; see timer.c)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_thunk_type = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libtimer_{TWIN}.so")))
_lib.timer_new.restype = ctypes.c_void_p
_lib.timer_on_tick.argtypes = [ctypes.c_void_p, _thunk_type]
_lib.timer_tick.argtypes = _lib.timer_free.argtypes = [ctypes.c_void_p]
_lib.timer_on_tick.restype = _lib.timer_free.restype = None
_lib.timer_tick.restype = _lib.timer_alive.restype = ctypes.c_long
alive = _lib.timer_alive


class Timer:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._raised = None
        self._thunks = []
        self._pointer = cls._lib.timer_new()
        return self

    def _live(self):
        if self._pointer is None:
            raise ValueError("timer is closed")
        return self._pointer

    def on_tick(self, callback):
        def call(tick):
            try:
                callback()
            except BaseException as error:  # noqa: BLE001  carried over the native frame, raised by tick()
                self._raised = error
            return tick

        with self._lock:
            thunk = _thunk_type(call)
            self._lib.timer_on_tick(self._live(), thunk)
            if FIXED:
                self._thunks.append(thunk)  # all of them: one may be running just now

    def tick(self):
        with self._lock:
            tick = self._lib.timer_tick(self._live())
            raised, self._raised = self._raised, None
        if raised is not None:
            raise raised
        return tick

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.timer_free(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
