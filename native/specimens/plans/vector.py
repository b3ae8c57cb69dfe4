"""Plan of attack on the specimen vector (MAD-15): a vector that converts what it is given."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Vector(Target):
    vector = Handle(after_dispose=raises(ValueError))

    @creates(vector)
    def create(self, length=st.sampled_from([20, 900, 30_000])):
        return self.module.Vector(length, 7)

    @uses
    def exchange(self, vector, index=st.integers(0, 3), value=st.integers(0, 9) | hostile.index()):
        assert -1 <= vector.exchange(index, value) <= 200_000

    @uses
    def clear(self, vector):
        vector.clear()

    @disposes(vector)
    def close(self, vector):
        vector.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Vector):
    """The place is found before the value is converted."""

    module = load("vector", "bug")


class Fixed(_Vector):
    """The place is found again after."""

    module = load("vector", "fixed")
