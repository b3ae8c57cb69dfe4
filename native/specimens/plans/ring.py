"""Plan of attack on the specimen ring (MAD-17): values asked for by index."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Ring(Target):
    ring = Handle(after_dispose=raises(ValueError))

    @creates(ring)
    def create(self):
        return self.module.Ring()

    @uses
    def push(self, ring, value=st.integers(0, 9)):
        ring.push(value)

    @uses
    def at(self, ring, index=st.integers(0, 9)):
        return ring.at(index)

    @disposes(ring)
    def close(self, ring):
        ring.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Ring):
    """An index out of range panics."""

    module = load("ring", "bug")


class Fixed(_Ring):
    """An index out of range raises IndexError."""

    module = load("ring", "fixed")
