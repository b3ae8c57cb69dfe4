"""Plan of attack on the specimen relay (MAD-21): an object released by a native thread."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, hostile, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Relay(Target):
    relay = Handle()

    @creates(relay)
    def create(self):
        return self.module.Relay()

    @uses
    def keep(self, relay, kept=hostile.object()):
        relay.keep(kept)

    @uses
    def release(self, relay):
        return relay.release()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Relay):
    """The thread releases it without the GIL."""

    module = load("relay", "bug")


class Fixed(_Relay):
    """The thread asks for the GIL."""

    module = load("relay", "fixed")
