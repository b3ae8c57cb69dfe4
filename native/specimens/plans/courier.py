"""Plan of attack on the specimen courier (MAD-29): parcels that are awaited."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Courier(Target):
    courier = Handle()

    @creates(courier)
    def create(self):
        return self.module.Courier()

    @uses
    async def send(self, courier):
        return await courier.send()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Courier):
    """A parcel that is not waited for to the end is never given back."""

    module = load("courier", "bug")


class Fixed(_Courier):
    """It is given back in a finally."""

    module = load("courier", "fixed")
