"""Plan of attack on the specimen station (MAD-26): channels of a library that can be started again."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises, restarts, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Station(Target):
    channel = Handle(after_dispose=raises(ValueError))

    @creates(channel)
    def tune(self):
        return self.module.Channel(self.nonce())

    @identity
    def frequency(self, channel):
        return channel.frequency()

    @uses
    def listen(self, channel):
        assert channel.frequency() > 0

    @disposes(channel)
    def close(self, channel):
        channel.close()

    @restarts
    def restart(self):
        self.module.restart()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Station):
    """A number of the first life is valid in the second."""

    module = load("station", "bug")


class Fixed(_Station):
    """A channel knows the life it is of."""

    module = load("station", "fixed")
