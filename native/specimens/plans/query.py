"""Plan of attack on the specimen query (MAD-14): a table that is walked by a callback."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Query(Target):
    table = Handle(after_dispose=raises(ValueError))

    @creates(table)
    def open(self):
        return self.module.Table()

    @uses
    def each(self, table, callback: Reentry):
        return table.each(callback)

    @disposes(table)
    def close(self, table):
        table.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Query):
    """The rows can be closed while they are walked."""

    module = load("query", "bug")


class Fixed(_Query):
    """close() refuses while the rows are walked."""

    module = load("query", "fixed")
