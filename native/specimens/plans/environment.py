"""Plan of attack on the specimen environment (MAD-18): a store whose get() lets other threads run."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Environment(Target):
    environment = Handle(after_dispose=raises(ValueError))

    @creates(environment)
    def open(self):
        return self.module.Environment(self.nonce())

    @identity
    def get(self, environment):
        return environment.get()

    @disposes(environment)
    def close(self, environment):
        environment.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Environment):
    """get() holds only an address while it waits."""

    module = load("environment", "bug")


class Fixed(_Environment):
    """get() holds a share while it waits."""

    module = load("environment", "fixed")
