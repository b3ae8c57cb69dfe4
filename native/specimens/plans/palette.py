"""Plan of attack on the specimen palette (MAD-27): colours, with a table of names in the module."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Palette(Target):
    colour = Handle(after_dispose=raises(ValueError))

    @creates(colour)
    def mix(self, number=st.integers(0, 9)):
        return self.module.mix(number)

    @uses
    def name(self, colour):
        return colour.name()

    @disposes(colour)
    def close(self, colour):
        colour.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Palette):
    """The table is shared by all interpreters, and gone with the first of them that ends."""

    module = load("palette", "bug")


class Fixed(_Palette):
    """Each module has a table of its own."""

    module = load("palette", "fixed")
