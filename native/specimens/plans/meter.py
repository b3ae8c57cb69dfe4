"""Plan of attack on the specimen meter (MAD-22): a counter with a lock of its own."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Meter(Target):
    meter = Handle(after_dispose=raises(ValueError))

    @creates(meter)
    def create(self):
        return self.module.Meter()

    @uses
    def refresh(self, meter):
        meter.refresh()

    @uses
    def read(self, meter):
        return meter.read()

    @disposes(meter)
    def close(self, meter):
        meter.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Meter):
    """refresh() takes the GIL back with the meter locked."""

    module = load("meter", "bug")


class Fixed(_Meter):
    """refresh() unlocks first."""

    module = load("meter", "fixed")
