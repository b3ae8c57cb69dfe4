"""Plan of attack on sqlite3: incremental blobs (Python 3.11 and later), closed and expired while they are used."""

import sqlite3

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, raises, reads, uses

closed = raises(sqlite3.ProgrammingError)
TABLE = "create table t(x); insert into t values (zeroblob(8)), (zeroblob(900)), (zeroblob(200000))"
SQL = st.sampled_from(["update t set x = zeroblob(8)", "delete from t", "insert into t values (1)", "commit"])


class Sqlite3Blob(Target):
    module = sqlite3
    connection = Handle(after_dispose=closed)

    @creates(connection)
    def connect(self):
        connection = sqlite3.Connection(":memory:", check_same_thread=False)
        connection.executescript(TABLE)
        return connection

    @uses
    def execute(self, connection, sql=SQL):
        connection.execute(sql)

    @disposes(connection)
    def close(self, connection):
        connection.close()

    if hasattr(sqlite3, "Blob"):
        blob = Handle(parent=connection, after_dispose=closed, when_parent_disposed=closed)

        @creates(blob)
        def open_blob(self, connection, row=st.integers(1, 3)):
            return connection.blobopen("t", "x", row)

        @reads
        def read(self, blob, start=st.none() | hostile.index(), stop=st.none() | hostile.index()):
            return blob[start:stop]

        @uses
        def write(self, blob, at=st.integers(0, 9) | hostile.index(), value=st.integers(0, 99) | hostile.index()):
            blob[at] = value

        @uses
        def write_part(self, blob, stop=st.sampled_from([8, 900, 200_000]), data=st.none() | hostile.buffer()):
            blob[:stop] = bytes(stop) if data is None else data

        @disposes(blob)
        def close_blob(self, blob):
            blob.close()
