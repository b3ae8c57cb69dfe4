"""Plan of attack on the specimen session (MAD-19): a session whose close() lets other threads run."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Session(Target):
    session = Handle(after_dispose=raises(ValueError))

    @creates(session)
    def open(self):
        return self.module.Session()

    @uses
    def send(self, session):
        return session.send()

    @disposes(session)
    def close(self, session):
        session.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Session):
    """close() asks, frees, then notes it."""

    module = load("session", "bug")


class Fixed(_Session):
    """close() notes it first."""

    module = load("session", "fixed")
