"""station: radio channels over the C library of the same name (MAD-26; see station.c)."""

import ctypes
import operator
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libstation_{TWIN}.so")))
for _name in ("station_life", "station_alive", "station_tune", "station_frequency"):
    getattr(_lib, _name).restype = ctypes.c_long
for _name in ("station_tune", "station_frequency", "station_leave"):
    getattr(_lib, _name).argtypes = [ctypes.c_long]
_lib.station_leave.restype = _lib.station_restart.restype = None
alive = _lib.station_alive
restart = _lib.station_restart


class Channel:
    _lib, _fixed, _lock = _lib, FIXED, threading.RLock()
    _number, _life = -1, 0

    def __new__(cls, frequency=1):
        self = super().__new__(cls)
        frequency = operator.index(frequency)
        with cls._lock:
            self._number = cls._lib.station_tune(frequency)
            self._life = cls._lib.station_life()
        if self._number < 0:
            raise MemoryError("no channel is free")
        return self

    def _mine(self):
        return self._number >= 0 and (not self._fixed or self._life == self._lib.station_life())

    def frequency(self):
        with self._lock:
            found = self._lib.station_frequency(self._number) if self._mine() else 0
        if not found:
            raise ValueError("channel is closed")
        return found

    def close(self):
        with self._lock:
            if self._mine():
                self._lib.station_leave(self._number)
            self._number = -1

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns a channel")

    def __del__(self):
        self.close()
