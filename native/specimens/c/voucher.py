"""voucher: numbers behind addresses (MAD-03; see voucher.c)."""

import ctypes
import itertools
import threading
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libvoucher_{TWIN}.so")))
_lib.voucher_issue.argtypes = [ctypes.c_long]
_lib.voucher_issue.restype = ctypes.c_void_p
_lib.voucher_is_alive.argtypes = _lib.voucher_nonce.argtypes = _lib.voucher_tear.argtypes = [ctypes.c_void_p]
_lib.voucher_is_alive.restype = ctypes.c_int
_lib.voucher_nonce.restype = _lib.voucher_alive.restype = ctypes.c_long
_lib.voucher_tear.restype = None
alive = _lib.voucher_alive
_next = itertools.count(1_000_000)


class Voucher:
    _lib, _lock, _fixed = _lib, threading.RLock(), FIXED
    _address = None

    def __new__(cls, nonce=None):
        self = super().__new__(cls)
        nonce = next(_next) if nonce is None else nonce
        with cls._lock:
            self._address = cls._lib.voucher_issue(nonce)
        return self

    def _live(self):
        if self._address is None or not self._lib.voucher_is_alive(self._address):
            raise ValueError("voucher is void")
        return self._address

    def nonce(self):
        with self._lock:
            return self._lib.voucher_nonce(self._live())

    def tear(self):
        with self._lock:
            self._lib.voucher_tear(self._live())
            if self._fixed:
                self._address = None

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        with self._lock:
            if self._address is not None and self._lib.voucher_is_alive(self._address):
                self._lib.voucher_tear(self._address)
            self._address = None
