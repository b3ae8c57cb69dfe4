"""Plan of attack on the specimen beacon (MAD-25): beacons with a native thread each."""

import sys
from pathlib import Path
from typing import ClassVar

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Beacon(Target):
    skip_hazards: ClassVar = {"sub-interpreter": "its thread attaches by PyGILState, which knows the main interpreter alone"}
    beacon = Handle(after_dispose=raises(ValueError))

    @creates(beacon)
    def light(self):
        return self.module.Beacon()

    @uses
    def flash(self, beacon):
        beacon.flash()

    @disposes(beacon)
    def close(self, beacon):
        beacon.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Beacon):
    """What burns at exit is put out after the interpreter."""

    module = load("beacon", "bug")


class Fixed(_Beacon):
    """The threads end before the interpreter does."""

    module = load("beacon", "fixed")
