"""Plan of attack on apsw, which documents what every call on a closed object raises, and keeps to it."""

import apsw
from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, raises, uses

busy = apsw.ThreadingViolationError  # raised for re-entry and for use in two threads at once; it wins over the others
connection_closed = raises(apsw.ConnectionClosedError, busy)
cursor_closed = raises(apsw.CursorClosedError, busy)
TABLE = "create table t(x); insert into t values ('a'), ('b'), (zeroblob(8)), (zeroblob(900)), (zeroblob(200000))"
ALL = "insert into t select sum(abs(x)) from t group by x order by x collate nocase"  # reaches every hook
HOOKS = {
    "function": lambda on, call: on.create_scalar_function("abs", call, 1),
    "aggregate": lambda on, call: on.create_aggregate_function("sum", lambda: (None, call, call), 1),
    "collation": lambda on, call: on.create_collation("nocase", call),
    "authorizer": lambda on, call: on.set_authorizer(call),
    "progress": lambda on, call: on.set_progress_handler(call, 10),
    "trace": lambda on, call: on.set_exec_trace(lambda *given: call(*given) or True),
    "update": lambda on, call: on.set_update_hook(call),
}


class Apsw(Target):
    module = apsw
    connection = Handle(after_dispose=connection_closed)
    cursor = Handle(parent=connection, after_dispose=cursor_closed, when_parent_disposed=cursor_closed)
    skip_hazards = {
        "cycle": "SQLite holds what is registered with it, out of the collector's sight, until the connection is closed",
        "hostile twin": "arguments are of the documented types; Python is re-entered through callbacks and bindings",
        "finalizer": "left out: this plan shows the documented contract, and no document speaks of closing in a finalizer",
        "raise in callback": "what a hook cannot raise through SQLite goes to sys.unraisablehook, on purpose",
    }

    @creates(connection)
    def connect(self):
        connection = apsw.Connection(":memory:")
        connection.execute(TABLE)
        return connection

    @creates(cursor)
    def open_cursor(self, connection):
        return connection.cursor()

    @uses
    def call_back(
        self, connection, how=st.sampled_from(sorted(HOOKS)), callback: Reentry = hostile.callback(st.just(0))
    ):
        HOOKS[how](connection, callback)
        connection.execute(ALL).fetchall()

    @uses
    def execute(self, cursor, row=st.tuples(st.integers(0, 9)) | hostile.sequence(st.just([1]))):
        cursor.execute("select x, abs(?) from t", row)

    @uses
    def executemany(self, cursor, rows=hostile.iterable(st.just([(1,), (2,)])) | st.just([(1,), (2,)])):
        cursor.executemany("insert into t values (?)", rows)

    @uses
    def fetch(self, cursor):
        return cursor.fetchone()

    @disposes(connection)
    def close(self, connection):
        connection.close()

    @disposes(cursor)
    def close_cursor(self, cursor, force=st.booleans()):
        cursor.close(force)
