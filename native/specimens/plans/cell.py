"""Plan of attack on the specimen cell (MAD-07): a cell that holds one object."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, hostile, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Cell(Target):
    cell = Handle(after_dispose=raises(ValueError))

    @creates(cell)
    def create(self):
        return self.module.Cell()

    @uses
    def swap(self, cell, content=hostile.object()):
        return cell.swap(content)

    @uses
    def get(self, cell):
        return cell.get()

    @disposes(cell)
    def close(self, cell):
        cell.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Cell):
    """swap() leaks the old object."""

    module = load("cell", "bug")


class Fixed(_Cell):
    """swap() hands the old object over."""

    module = load("cell", "fixed")
