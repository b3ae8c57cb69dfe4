"""Plan of attack on the specimen tally (MAD-23): numbers shown to a visitor."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Tally(Target):
    tally = Handle()

    @creates(tally)
    def create(self):
        return self.module.Tally()

    @uses
    def add(self, tally, number=st.integers(0, 9)):
        return tally.add(number)

    @uses
    def visit(self, tally, visitor: Reentry):
        return tally.visit(visitor)

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Tally):
    """visit() holds the borrow while it calls out."""

    module = load("tally", "bug")


class Fixed(_Tally):
    """visit() shows a copy."""

    module = load("tally", "fixed")
