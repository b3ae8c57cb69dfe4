"""tally: numbers, and a visitor that is shown each of them (MAD-23; see src/tally.rs)."""

import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"librust_ctypes_{TWIN}.so")))
_shown = ctypes.CFUNCTYPE(None, ctypes.c_int64)
_lib.tally_new.restype = ctypes.c_void_p
_lib.tally_add.argtypes = [ctypes.c_void_p, ctypes.c_int64]
_lib.tally_visit.argtypes = [ctypes.c_void_p, _shown]
_lib.tally_free.argtypes = [ctypes.c_void_p]
_lib.tally_add.restype = _lib.tally_visit.restype = ctypes.c_int64
_lib.tally_free.restype = None
_lib.tally_alive.restype = ctypes.c_ssize_t
alive = _lib.tally_alive


def _checked(count):
    if count < 0:
        raise RuntimeError("Already borrowed")
    return count


class Tally:
    _lib = _lib
    _pointer = None

    def __new__(cls):
        self = super().__new__(cls)
        self._pointer = cls._lib.tally_new()
        return self

    def _live(self):
        if self._pointer is None:  # a finalizer gave it back
            raise ValueError("the tally is gone")
        return self._pointer

    def add(self, number):
        return _checked(self._lib.tally_add(self._live(), number))

    def visit(self, visitor):
        raised = []

        def show(number):
            try:
                visitor(number)
            except BaseException as error:  # noqa: BLE001  carried over the native frame
                raised.append(error)

        count = self._lib.tally_visit(self._live(), _shown(show))
        if raised:
            raise raised[0]
        return _checked(count)

    def __reduce__(self):
        raise TypeError("cannot be copied: it owns native memory")

    def __del__(self):
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            self._lib.tally_free(pointer)
