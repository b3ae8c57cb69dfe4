"""Plan of attack on the specimen quack (MAD-01): connections that can be closed."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Quack(Target):
    connection = Handle(after_dispose=raises(ValueError))

    @creates(connection)
    def connect(self):
        return self.module.Connection(self.nonce())

    @uses
    def execute(self, connection, sql=st.sampled_from(["", "insert"])):
        connection.execute(sql)

    @uses
    def changes(self, connection):
        return connection.changes()

    @identity
    def nonce_of(self, connection):
        return connection.nonce()

    @disposes(connection)
    def close(self, connection):
        connection.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Quack):
    """changes() works on a closed connection."""

    module = load("quack", "bug")


class Fixed(_Quack):
    """changes() asks first."""

    module = load("quack", "fixed")
