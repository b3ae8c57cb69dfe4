"""Plan of attack on the specimen channel (MAD-02): a channel that close() and __del__ free."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Channel(Target):
    channel = Handle(after_dispose=raises(ValueError))

    @creates(channel)
    def open(self):
        return self.module.Channel()

    @uses
    def send(self, channel):
        return channel.send()

    @disposes(channel)
    def close(self, channel):
        channel.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Channel):
    """__del__ frees what close() has freed."""

    module = load("channel", "bug")


class Fixed(_Channel):
    """__del__ closes."""

    module = load("channel", "fixed")
