"""Plan of attack on the specimen pager (MAD-30): a call that comes from a native thread."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Pager(Target):
    pager = Handle()

    @creates(pager)
    def create(self):
        return self.module.Pager()

    @uses
    async def page(self, pager):
        return await pager.page()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Pager):
    """The native thread touches the loop."""

    module = load("pager", "bug")


class Fixed(_Pager):
    """The native thread posts to the loop."""

    module = load("pager", "fixed")
