"""registry: entries that live in the library and are known by number (MAD-18; see registry.c)."""

import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_path = str(Path(__file__).with_name(f"libregistry_{TWIN}.so"))
_lib = ctypes.CDLL(_path)  # without the GIL
_lib.registry_add.argtypes = _lib.registry_remove.argtypes = [ctypes.c_long]
_lib.registry_read.argtypes = [ctypes.c_long, ctypes.POINTER(ctypes.c_long)]
_lib.registry_remove.restype = None
_lib.registry_add.restype = _lib.registry_alive.restype = ctypes.c_long
alive = _lib.registry_alive


class Entry:
    _lib, _value = _lib, ctypes.c_long
    _number = 0  # no entry has it

    def __new__(cls, value=0):
        self = super().__new__(cls)
        self._number = cls._lib.registry_add(value)
        return self

    def read(self):
        value = self._value()
        if not self._lib.registry_read(self._number, value):
            raise ValueError("entry was removed")
        return value.value

    def remove(self):
        self._lib.registry_remove(self._number)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.remove()
