"""Plan of attack on the specimen timer (MAD-13): a timer that calls Python."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Timer(Target):
    timer = Handle(after_dispose=raises(ValueError))

    @creates(timer)
    def create(self):
        return self.module.Timer()

    @uses(triggers="tick")
    def on_tick(self, timer, callback: Reentry):
        timer.on_tick(callback)

    @uses
    def tick(self, timer):
        timer.tick()

    @disposes(timer)
    def close(self, timer):
        timer.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Timer):
    """Nobody keeps the thunk."""

    module = load("timer", "bug")


class Fixed(_Timer):
    """The timer keeps the thunk."""

    module = load("timer", "fixed")
