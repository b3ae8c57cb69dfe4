"""Plan of attack on the specimen tenant (MAD-08): houses and tenants, who sign off when they leave."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Tenant(Target):
    house = Handle(after_dispose=raises(ValueError))
    tenant = Handle(parent=house, after_dispose=raises(ValueError))

    @creates(house)
    def build(self):
        return self.module.House()

    @creates(tenant)
    def move_in(self, house):
        return house.let()

    @uses
    def rent(self, tenant):
        assert 0 <= tenant.rent() < 1_000_000

    @disposes(tenant)
    def move_out(self, tenant):
        tenant.close()

    @disposes(house)
    def close(self, house):
        house.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Tenant):
    """The finalizer of a house leaves a pointer to a book that is gone."""

    module = load("tenant", "bug")


class Fixed(_Tenant):
    """It closes the house."""

    module = load("tenant", "fixed")
