"""Plan of attack on sqlite3: connections, their cursors, and Python called back from SQL."""

import sqlite3

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, disposes, raises, uses


class Sqlite3(Target):
    connection = Handle(after_dispose=raises(sqlite3.ProgrammingError))
    cursor = Handle(parent=connection)

    @creates(connection)
    def connect(self):
        return sqlite3.connect(":memory:", check_same_thread=False)

    @creates(cursor)
    def open_cursor(self, connection):
        return connection.cursor()

    @uses
    def execute(self, cursor, sql=st.sampled_from(["select 1", "create table t(x)"])):
        return cursor.execute(sql).fetchall()

    @uses
    def call_back(self, connection, reenter: Reentry):
        connection.create_function("f", 0, reenter)
        connection.execute("select f()")

    @disposes(connection)
    def close(self, connection):
        connection.close()
