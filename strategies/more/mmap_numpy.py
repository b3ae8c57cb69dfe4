"""Plan of attack on numpy arrays over a mapping, which is closed or resized while arrays look at it."""

import mmap

import numpy as np
from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, invalidates, raises, reads, uses

SIZES = st.sampled_from([4096, 200_000])
LENGTHS = st.sampled_from([0, 8, 900, 4096])


class MmapNumpy(Target):
    module = np
    mapping = Handle(after_dispose=raises(ValueError))
    array = Handle(parent=mapping)

    @creates(mapping)
    def map(self, size=SIZES):
        mapping = mmap.mmap(-1, size, mmap.MAP_PRIVATE)
        mapping[:] = bytes([self.nonce() % 100]) * size
        return mapping

    @creates(array)
    def array_over(self, mapping, length=LENGTHS):
        return np.ndarray(length, "u1", buffer=mapping)

    @creates(array)
    def array_from_buffer(self, mapping):
        return np.frombuffer(mapping, "u1")

    @creates(array)
    def reshape(self, array, columns=st.sampled_from([1, 4]) | hostile.index()):
        return array.reshape(-1, columns)

    @reads
    def read(self, array):
        return array.tobytes()

    @uses
    def fill(self, array, value=st.integers(0, 99) | hostile.index(st.integers(0, 99))):
        array.fill(value)

    @invalidates(array)
    def resize(self, mapping, size=SIZES):
        mapping.resize(size)

    @disposes(mapping)
    def close(self, mapping):
        mapping.close()
