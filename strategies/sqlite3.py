"""Plan of attack on sqlite3: connections, their cursors, and Python called back from SQL in every way there is."""

import sqlite3
from types import SimpleNamespace

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, raises, uses

closed = raises(sqlite3.ProgrammingError)
zero = hostile.callback(returns=st.just(0))
TABLE = "create table t(x); insert into t values ('a'), ('b'), (zeroblob(8)), (zeroblob(900)), (zeroblob(200000))"
SLOW = "with recursive c(n) as (select 1 union all select n + 1 from c where n < 2000) select sum(abs(n)) from c"
ROW = st.tuples(st.integers(0, 9)) | hostile.iterable(st.just([1])) | hostile.sequence(st.just([1]))


class Sqlite3(Target):
    connection = Handle(after_dispose=closed)
    cursor = Handle(parent=connection, after_dispose=closed, when_parent_disposed=closed)

    @creates(connection)
    def connect(self):
        connection = sqlite3.Connection(":memory:", check_same_thread=False)
        connection.executescript(TABLE)
        return connection

    @creates(cursor)
    def open_cursor(self, connection):
        return connection.cursor()

    @uses
    def execute(self, cursor, row=ROW):
        cursor.execute("select x, abs(?) from t", row)

    @uses
    def executemany(self, cursor, rows=st.lists(ROW, max_size=3) | hostile.iterable(st.just([(1,), (2,)]))):
        cursor.executemany("insert into t values (abs(?))", rows)

    @uses
    def fetch(self, cursor, size=st.integers(0, 9) | hostile.index()):
        return cursor.fetchmany(size)

    @uses(triggers="executemany")
    def function(self, connection, callback: Reentry):
        connection.create_function("abs", 1, callback)
        connection.execute("select abs(1)").fetchall()

    @uses
    def aggregate(self, connection, callback: Reentry):
        connection.create_aggregate("sum", 1, lambda: SimpleNamespace(step=callback, finalize=callback))
        connection.execute("select sum(x) from t group by x").fetchall()

    @uses(triggers="executemany")
    def trace(self, connection, callback: Reentry):
        connection.set_trace_callback(callback)
        connection.execute("select x from t").fetchall()

    @uses(triggers="execute")
    def authorizer(self, connection, callback: Reentry = zero):
        connection.set_authorizer(callback)
        connection.execute("select x from t").fetchall()

    @uses(triggers="fetch")
    def progress(self, connection, callback: Reentry):
        connection.set_progress_handler(callback, 10)
        connection.execute(SLOW).fetchall()

    @uses(triggers="fetch")
    def convert(self, connection, how=st.sampled_from(["text_factory", "row_factory"]), callback: Reentry = zero):
        setattr(connection, how, callback)
        connection.execute("select x from t").fetchall()

    @disposes(connection)
    def close(self, connection):
        connection.close()

    @disposes(cursor)
    def close_cursor(self, cursor):
        cursor.close()
