"""Plan of attack on numpy arrays over multiprocessing's shared memory, which is closed while arrays look at it."""

import sys
from multiprocessing.shared_memory import SharedMemory

import numpy as np
from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, reads, uses

SIZES = st.sampled_from([4096, 200_000])
LENGTHS = st.sampled_from([0, 8, 900, 4096])
UNTRACKED = {"track": False} if sys.version_info >= (3, 13) else {}


class SharedMemoryNumpy(Target):
    module = np
    block = Handle()
    array = Handle(parent=block)

    @creates(block)
    def share(self, size=SIZES):
        block = SharedMemory(create=True, size=size, **UNTRACKED)
        block.unlink()  # at once, so that nothing is left behind whatever happens to this process
        block.buf[:] = bytes([self.nonce() % 100]) * len(block.buf)
        return block

    @creates(array)
    def array_over(self, block, length=LENGTHS):
        return np.ndarray(length, "u1", buffer=block.buf[:])

    @creates(array)
    def part(self, array, start=st.none() | hostile.index(), step=st.sampled_from([1, 2, -1])):
        return array[start::step]

    @reads
    def read(self, array):
        return array.tobytes()

    @reads
    def item(self, array, at=st.sampled_from([0, -1]) | hostile.index()):
        return int(array[at])

    @uses
    def fill(self, array, value=st.integers(0, 99) | hostile.index(st.integers(0, 99))):
        array.fill(value)

    @disposes(block)
    def close(self, block):
        block.close()
