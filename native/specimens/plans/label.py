"""Plan of attack on the specimen label (MAD-07): a label that holds its text."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, hostile, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Label(Target):
    label = Handle(after_dispose=raises(ValueError))

    @creates(label)
    def create(self):
        return self.module.Label()

    @uses
    def set(self, label, text=hostile.object()):
        label.set(text)

    @uses
    def text(self, label):
        return label.text()

    @disposes(label)
    def close(self, label):
        label.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Label):
    """text() gives away a reference that it does not have."""

    module = load("label", "bug")


class Fixed(_Label):
    """text() takes a reference of its own."""

    module = load("label", "fixed")
