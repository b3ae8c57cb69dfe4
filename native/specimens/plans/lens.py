"""Plan of attack on the specimen lens (MAD-24): a lens that keeps its colour."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Lens(Target):
    lens = Handle()

    @creates(lens)
    def open(self):
        return self.module.Lens()

    @uses
    def colour(self, lens):
        assert lens.colour().startswith("colour ")

    @uses
    def reset(self, lens):
        lens.reset()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Lens):
    """Only the GIL keeps colour() and reset() apart."""

    module = load("lens", "bug")


class Fixed(_Lens):
    """The object is locked."""

    module = load("lens", "fixed")
