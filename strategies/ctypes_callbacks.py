"""Plan of attack on ctypes: callback objects of which native code keeps only the address."""

import contextlib
import ctypes
from typing import ClassVar

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, reads, uses

ANSWER = ctypes.CFUNCTYPE(ctypes.c_int)
COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
libc = ctypes.CDLL(None)


class CtypesCallbacks(Target):
    """No operation disposes of a callback: its life ends with its last reference."""

    module = ctypes
    skip_hazards: ClassVar = {"uninitialised": "ANSWER() without arguments is a NULL function pointer, as in C"}
    callback = Handle()
    registration = Handle(parent=callback)
    comparator = Handle()

    @creates(callback)
    def make(self):
        answer = self.nonce()
        return ANSWER(lambda: answer)

    @creates(registration)
    def register(self, callback):
        address = ctypes.c_void_p.from_buffer(callback).value
        return ANSWER(address)  # an address and no reference, which is all that native code ever has

    @reads
    def call(self, callback):
        return callback()

    @reads
    def fire(self, registration):
        return registration()

    @creates(comparator)
    def make_comparator(self, compare: Reentry):
        def answer(*pointers):
            with contextlib.suppress(Exception):  # ctypes can only print what a callback raises
                compare(*pointers)
            return 0

        return COMPARE(answer)

    @uses
    def sort(self, comparator, size=st.sampled_from([0, 8, 900])):
        libc.qsort((ctypes.c_ubyte * size)(), size, 1, comparator)
