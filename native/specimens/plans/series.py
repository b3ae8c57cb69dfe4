"""Plan of attack on the specimen series (MAD-17): a sum over a callback."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Series(Target):
    series = Handle(after_dispose=raises(ValueError))

    @creates(series)
    def create(self):
        return self.module.Series()

    @uses
    def fold(self, series, weigh: Reentry):
        return series.fold(weigh)

    @disposes(series)
    def close(self, series):
        series.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Series):
    """An exception in the callback is lost."""

    module = load("series", "bug")


class Fixed(_Series):
    """An exception in the callback reaches the caller."""

    module = load("series", "fixed")
