"""Plan of attack on the specimen lease (MAD-16): leases, and a table that is trimmed."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, hostile, identity, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Lease(Target):
    lease = Handle(after_dispose=raises(ValueError))

    @creates(lease)
    def create(self):
        return self.module.Lease()

    @identity
    def number(self, lease):
        return lease.number()

    @uses
    def tag(self, lease, tag=hostile.object()):
        lease.tag(tag)

    @uses
    def trim(self):
        return self.module.trim()

    @disposes(lease)
    def close(self, lease):
        lease.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Lease):
    """It collects with the table locked."""

    module = load("lease", "bug")


class Fixed(_Lease):
    """It collects first."""

    module = load("lease", "fixed")
