"""vault: coins over the C library of the same name (MAD-28; see vault.c)."""

import ctypes
import operator
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_path = str(Path(__file__).with_name(f"libvault_{TWIN}.so"))
_lib = ctypes.PyDLL(_path)
_slow = ctypes.CDLL(_path)  # without the GIL
_lib.vault_open.restype = ctypes.c_void_p
_slow.vault_put.argtypes = [ctypes.c_void_p, ctypes.c_long]
_lib.vault_free.argtypes = [ctypes.c_void_p]
_lib.vault_free.restype = None
_slow.vault_put.restype = _lib.vault_alive.restype = ctypes.c_long
alive = _lib.vault_alive


class Vault:
    _lib, _slow = _lib, _slow
    _pointer, _closed = None, True

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.vault_open()
        self._closed = False
        return self

    def put(self, coin):
        coin = operator.index(coin)
        if self._closed or self._pointer is None:
            raise ValueError("vault is closed")
        return self._slow.vault_put(self._pointer, coin)

    def close(self):
        self._closed = True  # the native half goes with the object: it may be in use

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._lib.vault_free(pointer)
