"""Plan of attack on the specimen porter (MAD-29): a porter that carries one thing at a time."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Porter(Target):
    porter = Handle(overlap=False)

    @creates(porter)
    def create(self):
        return self.module.Porter()

    @uses
    async def carry(self, porter):
        return await porter.carry()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Porter):
    """It is given back by who is done only."""

    module = load("porter", "bug")


class Fixed(_Porter):
    """It is given back by who is dropped, too."""

    module = load("porter", "fixed")
