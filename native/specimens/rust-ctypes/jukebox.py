"""jukebox: tracks, and listeners that hear them (MAD-14; see src/jukebox.rs)."""

import ctypes
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so")))
_hear_type = ctypes.CFUNCTYPE(None, ctypes.c_int64)
_lib.jukebox_open.restype = _lib.jukebox_add.restype = ctypes.c_void_p
_lib.jukebox_add.argtypes = [ctypes.c_void_p, ctypes.c_int64]
_lib.jukebox_plays.argtypes = _lib.jukebox_close.argtypes = [ctypes.c_void_p]
_lib.jukebox_take_out.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
_lib.jukebox_play.argtypes = [ctypes.c_void_p, ctypes.c_void_p, _hear_type]
_lib.jukebox_plays.restype = _lib.jukebox_play.restype = ctypes.c_int64
_lib.jukebox_take_out.restype = _lib.jukebox_close.restype = None
_lib.jukebox_alive.restype = ctypes.c_ssize_t
alive = _lib.jukebox_alive


class Jukebox:
    _lib, _lock = _lib, threading.RLock()
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.jukebox_open()
        return self

    def _live(self):
        if self._pointer is None:
            raise ValueError("jukebox is closed")
        return self._pointer

    def add(self, title):
        with self._lock:
            return Track(self, self._lib.jukebox_add(self._live(), title))

    def close(self):
        with self._lock:
            pointer, self._pointer = self._pointer, None
            if pointer is not None:
                self._lib.jukebox_close(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()


class Track:
    """Belongs to its jukebox: it goes when it is taken out, or with the jukebox."""

    _jukebox = _pointer = None

    def __init__(self, jukebox=None, pointer=None):
        if self._jukebox is None and type(jukebox) is Jukebox:
            self._jukebox, self._pointer = jukebox, pointer

    def _live(self):
        if self._jukebox is None or self._pointer is None:
            raise ValueError("there is no track")
        self._jukebox._live()
        return self._pointer

    def plays(self):
        with Jukebox._lock:
            return Jukebox._lib.jukebox_plays(self._live())

    def play(self, listener):
        raised = []

        def hear(title):
            try:
                listener(title)
            except BaseException as error:  # noqa: BLE001  carried over the native frame
                raised.append(error)

        with Jukebox._lock:
            track = self._live()
            plays = Jukebox._lib.jukebox_play(self._jukebox._pointer, track, _hear_type(hear))
        if raised:
            raise raised[0]
        return plays

    def take_out(self):
        with Jukebox._lock:
            pointer = self._live()
            self._pointer = None
            Jukebox._lib.jukebox_take_out(self._jukebox._pointer, pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it names native memory")
