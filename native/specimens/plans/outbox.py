"""Plan of attack on the specimen outbox (MAD-22): messages, and waiting until they have arrived."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Outbox(Target):
    outbox = Handle(after_dispose=raises(ValueError))

    @creates(outbox)
    def open(self):
        return self.module.Outbox()

    @uses
    def send(self, outbox):
        outbox.send()

    @uses
    def flush(self, outbox):
        outbox.flush()

    @disposes(outbox)
    def close(self, outbox):
        outbox.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Outbox):
    """flush() asks, then waits."""

    module = load("outbox", "bug")


class Fixed(_Outbox):
    """flush() asks under the lock it waits with."""

    module = load("outbox", "fixed")
