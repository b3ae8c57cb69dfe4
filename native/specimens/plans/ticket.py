"""Plan of attack on the specimen ticket (MAD-24): shares that are counted."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Ticket(Target):
    ticket = Handle(after_dispose=raises(ValueError))

    @creates(ticket)
    def open(self):
        return self.module.Ticket()

    @creates(ticket)
    def share(self, ticket):
        return ticket.share()

    @disposes(ticket)
    def close(self, ticket):
        ticket.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Ticket):
    """Only the GIL makes a change of the count whole."""

    module = load("ticket", "bug")


class Fixed(_Ticket):
    """The count is atomic."""

    module = load("ticket", "fixed")
