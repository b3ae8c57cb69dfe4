"""Plan of attack on sqlite3: backups that report to Python, copies in memory, collations and window functions.

No transaction and no statement is left open between two calls: a backup waits for them for ever, by design.
"""

import sqlite3
from types import SimpleNamespace

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, raises, uses

TABLE = "create table t(x); insert into t values ('a'), ('b'), (zeroblob(8)), (zeroblob(200000))"
SQL = st.sampled_from(["insert into t values ('c')", "delete from t", "drop table t", "select * from t", "vacuum"])


class Sqlite3Backup(Target):
    module = sqlite3
    connection = Handle(after_dispose=raises(sqlite3.ProgrammingError))

    @creates(connection)
    def connect(self):
        connection = sqlite3.Connection(":memory:", check_same_thread=False, isolation_level=None)
        connection.executescript(TABLE)
        return connection

    @uses
    def execute(self, connection, sql=SQL):
        return connection.execute(sql).fetchall()

    @uses
    def backup(self, connection, connection2, progress: Reentry, pages=st.integers(1, 9) | hostile.index()):
        connection.backup(connection2, pages=pages, progress=progress, sleep=0)

    @uses
    def collation(self, connection, callback: Reentry = hostile.callback(returns=st.just(0))):
        connection.create_collation("nocase", callback)
        connection.execute("select x from t order by x collate nocase").fetchall()

    if hasattr(sqlite3.Connection, "serialize"):

        @uses
        def copy(self, connection, connection2):
            connection2.deserialize(connection.serialize())

        @uses
        def window(self, connection, call: Reentry):
            parts = SimpleNamespace(step=call, inverse=call, value=call, finalize=call)
            connection.create_window_function("w", 1, lambda: parts)
            connection.execute("select w(x) over (rows 1 preceding) from t").fetchall()

    @disposes(connection)
    def close(self, connection):
        connection.close()
