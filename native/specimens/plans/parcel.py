"""Plan of attack on the specimen parcel (MAD-02): parcels that are sent or thrown away."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Parcel(Target):
    parcel = Handle(after_dispose=raises(ValueError))

    @creates(parcel)
    def pack(self):
        return self.module.Parcel()

    @uses
    def weigh(self, parcel):
        return parcel.weigh()

    @disposes(parcel)
    def send(self, parcel):
        return parcel.send()

    @disposes(parcel)
    def close(self, parcel):
        parcel.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Parcel):
    """What was sent is freed again."""

    module = load("parcel", "bug")


class Fixed(_Parcel):
    """What was sent is freed by its owner alone."""

    module = load("parcel", "fixed")
