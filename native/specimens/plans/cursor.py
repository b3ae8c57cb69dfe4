"""Plan of attack on the specimen cursor (MAD-18): rows behind a check in Python."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Cursor(Target):
    cursor = Handle(after_dispose=raises(ValueError))

    @creates(cursor)
    def open(self):
        return self.module.Cursor()

    @uses
    def fetch(self, cursor):
        return cursor.fetch()

    @disposes(cursor)
    def close(self, cursor):
        cursor.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Cursor):
    """fetch() checks, then uses."""

    module = load("cursor", "bug")


class Fixed(_Cursor):
    """fetch() checks and uses under a lock."""

    module = load("cursor", "fixed")
