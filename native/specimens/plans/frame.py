"""Plan of attack on the specimen frame (MAD-18): a picture added up without the GIL."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Frame(Target):
    frame = Handle(after_dispose=raises(ValueError))

    @creates(frame)
    def create(self):
        return self.module.Frame()

    @uses
    def sum(self, frame):
        return frame.sum()

    @disposes(frame)
    def close(self, frame):
        frame.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Frame):
    """sum() holds only an address."""

    module = load("frame", "bug")


class Fixed(_Frame):
    """sum() is counted as a user."""

    module = load("frame", "fixed")
