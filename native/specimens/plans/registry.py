"""Plan of attack on the specimen registry (MAD-18): entries behind numbers and a lock."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Registry(Target):
    entry = Handle(after_dispose=raises(ValueError))

    @creates(entry)
    def add(self):
        return self.module.Entry(self.nonce())

    @identity
    def read(self, entry):
        return entry.read()

    @disposes(entry)
    def remove(self, entry):
        entry.remove()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Registry):
    """read() looks up under the lock, and uses after it."""

    module = load("registry", "bug")


class Fixed(_Registry):
    """read() does both under the lock."""

    module = load("registry", "fixed")
