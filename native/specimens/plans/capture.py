"""Plan of attack on the specimen capture (MAD-31): samples that a native thread records."""

import sys
from pathlib import Path
from typing import ClassVar

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Capture(Target):
    skip_hazards: ClassVar = {"fork": "what records is a thread, and no forked child has it: std's join panics there"}
    capture = Handle(after_dispose=raises(ValueError), bounded=8)

    @creates(capture)
    def start(self):
        return self.module.Capture()

    @uses
    def read(self, capture):
        return capture.read()

    @disposes(capture)
    def close(self, capture):
        capture.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Capture):
    """It records without limit."""

    module = load("capture", "bug")


class Fixed(_Capture):
    """It drops the oldest of 8."""

    module = load("capture", "fixed")
