"""Plan of attack on the specimen bell (MAD-30): a bell that rings on a native thread."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Bell(Target):
    bell = Handle(survives_exit=False)  # its thread may be about to finish

    @creates(bell)
    def create(self):
        return self.module.Bell()

    @uses
    async def ring(self, bell):
        return await bell.ring()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Bell):
    """What a ring owns is lost when the loop is closed."""

    module = load("bell", "bug")


class Fixed(_Bell):
    """It is given back whatever the loop says."""

    module = load("bell", "fixed")
