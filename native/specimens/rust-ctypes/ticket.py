"""ticket: shares of one native object (MAD-24; see src/ticket.rs)."""

import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_path = str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so"))
_lib = ctypes.PyDLL(_path)
_lib.ticket_open.restype = ctypes.c_void_p
_lib.ticket_share.argtypes = _lib.ticket_release.argtypes = [ctypes.c_void_p]
_lib.ticket_share.restype = ctypes.c_int64
_lib.ticket_release.restype = None
_lib.ticket_alive.restype = ctypes.c_ssize_t
alive = _lib.ticket_alive


class Ticket:
    _lib = _lib

    def __new__(cls, shared=None):
        self = super().__new__(cls)
        self._mine = [cls._lib.ticket_open() if shared is None else shared]
        return self

    def share(self):
        """Another share of the same native object."""
        try:
            pointer = self._mine.pop()  # one thread takes it: nobody closes it meanwhile
        except (AttributeError, IndexError):
            raise ValueError("ticket is closed") from None
        self._lib.ticket_share(pointer)
        self._mine.append(pointer)
        return type(self)(pointer)

    def close(self):
        try:
            pointer = self._mine.pop()  # one operation: two closers cannot both have it
        except (AttributeError, IndexError):
            return
        self._lib.ticket_release(pointer)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        self.close()
