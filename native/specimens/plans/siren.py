"""Plan of attack on the specimen siren (MAD-13): a callback that is called once."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Siren(Target):
    siren = Handle(after_dispose=raises(ValueError))

    @creates(siren)
    def create(self):
        return self.module.Siren()

    @uses(triggers="fire")
    def once(self, siren, callback: Reentry):
        siren.once(callback)

    @uses
    def fire(self, siren):
        siren.fire()

    @disposes(siren)
    def close(self, siren):
        siren.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Siren):
    """It is called again when it is gone."""

    module = load("siren", "bug")


class Fixed(_Siren):
    """It is called once."""

    module = load("siren", "fixed")
