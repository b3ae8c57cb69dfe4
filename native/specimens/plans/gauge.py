"""Plan of attack on the specimen gauge (MAD-22): a reading behind a Mutex."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Gauge(Target):
    gauge = Handle(after_dispose=raises(ValueError))

    @creates(gauge)
    def create(self):
        return self.module.Gauge()

    @uses
    def poll(self, gauge):
        gauge.poll()

    @uses
    def level(self, gauge):
        return gauge.level()

    @disposes(gauge)
    def close(self, gauge):
        gauge.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Gauge):
    """poll() takes the GIL with the Mutex locked."""

    module = load("gauge", "bug")


class Fixed(_Gauge):
    """poll() unlocks first."""

    module = load("gauge", "fixed")
