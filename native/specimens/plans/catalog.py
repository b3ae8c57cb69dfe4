"""Plan of attack on the specimen catalog (MAD-22): numbers behind a read-write lock."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Catalog(Target):
    catalog = Handle(after_dispose=raises(ValueError))

    @creates(catalog)
    def open(self):
        return self.module.Catalog()

    @uses
    def add(self, catalog):
        catalog.add(7)

    @uses
    def each(self, catalog):
        return catalog.each()

    @disposes(catalog)
    def close(self, catalog):
        catalog.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Catalog):
    """each() calls Python with the lock held."""

    module = load("catalog", "bug")


class Fixed(_Catalog):
    """each() calls Python with a copy."""

    module = load("catalog", "fixed")
