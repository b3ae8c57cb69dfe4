"""Plan of attack on the specimen mailbox (MAD-31): letters that pile up."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Mailbox(Target):
    mailbox = Handle(after_dispose=raises(ValueError), bounded=32)

    @creates(mailbox)
    def create(self):
        return self.module.Mailbox()

    @uses
    def put(self, mailbox, number=st.integers(0, 9)):
        return mailbox.put(number)

    @uses
    def take(self, mailbox):
        return mailbox.take()

    @disposes(mailbox)
    def close(self, mailbox):
        mailbox.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Mailbox):
    """put() takes every letter."""

    module = load("mailbox", "bug")


class Fixed(_Mailbox):
    """put() refuses when there are 32."""

    module = load("mailbox", "fixed")
