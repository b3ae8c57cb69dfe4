"""Plan of attack on the specimen engineroom (MAD-26): dials of an engine that can be started again."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, restarts, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Engineroom(Target):
    dial = Handle(after_dispose=raises(ValueError))

    @creates(dial)
    def open(self):
        return self.module.Dial()

    @uses
    def read(self, dial):
        assert dial.read() == 7

    @disposes(dial)
    def close(self, dial):
        dial.close()

    @restarts
    def restart(self):
        self.module.restart()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Engineroom):
    """A dial points into an engine that is gone."""

    module = load("engineroom", "bug")


class Fixed(_Engineroom):
    """A dial knows the life it is of."""

    module = load("engineroom", "fixed")
