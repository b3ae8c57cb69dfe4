"""Plan of attack on the specimen statement (MAD-08): connections, statements and what they call back."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, reads, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Statement(Target):
    connection = Handle(after_dispose=raises(ValueError))
    statement = Handle(parent=connection, after_dispose=raises(ValueError))

    @creates(connection)
    def connect(self):
        return self.module.Connection()

    @creates(statement)
    def prepare(self, connection):
        return connection.prepare()

    @reads
    def number(self, statement):
        return statement.number()

    @uses(triggers="step")
    def on_row(self, statement, callback: Reentry):
        statement.on_row(callback)

    @uses
    def step(self, statement):
        statement.step()

    @disposes(statement)
    def close_statement(self, statement):
        statement.close()

    @disposes(connection)
    def close(self, connection):
        connection.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Statement):
    """A finalized connection keeps its pointer."""

    module = load("statement", "bug")


class Fixed(_Statement):
    """A finalized connection is closed."""

    module = load("statement", "fixed")
