"""Plan of attack on lmdb: environments, read transactions, cursors, and views of values inside the memory map."""

import lmdb
from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, invalidates, raises, reads, uses

closed = raises(lmdb.Error)
NAMES = [b"a", b"b", b"c"]
KEYS = st.sampled_from(NAMES) | hostile.buffer(st.sampled_from(NAMES))
SIZES = st.sampled_from([8, 900, 200_000])


class Lmdb(Target):
    module = lmdb
    environment = Handle(after_dispose=closed)
    reader = Handle(parent=environment, after_dispose=closed, when_parent_disposed=closed, overlap=False)
    cursor = Handle(parent=reader, after_dispose=closed, when_parent_disposed=closed, overlap=False)
    value = Handle(
        parent=(environment, reader, cursor), overlap=False
    )  # one thread at a time, says LMDB of transactions

    @creates(environment)
    def open(self, size=SIZES):
        environment = lmdb.open(str(self.tmp_path / str(self.nonce())), map_size=1 << 21, sync=False)
        with environment.begin(write=True) as writer:
            for key in NAMES:
                writer.put(key, bytes([self.nonce() % 100]) * size)
        return environment

    @invalidates(value)
    def put(self, environment, key=KEYS, size=SIZES, times=st.sampled_from([4, 1])):
        for _ in range(times):
            with environment.begin(write=True) as writer:
                writer.put(key, bytes([self.nonce() % 100]) * size)

    @creates(value)
    def get_and_end(self, environment, key=KEYS):
        with environment.begin(buffers=True) as reader:
            return reader.get(key)

    @creates(reader)
    def begin(self, environment):
        return environment.begin(buffers=True)

    @creates(value)
    def get(self, reader, key=KEYS):
        return reader.get(key)

    @creates(cursor)
    def open_cursor(self, reader):
        return reader.cursor()

    @uses
    def move(self, cursor, how=st.sampled_from(["first", "last", "next", "prev", "key", "item"])):
        return getattr(cursor, how)()

    @creates(value)
    def value_here(self, cursor):
        return cursor.value()

    @reads
    def read(self, value):
        return bytes(value)

    @disposes(cursor)
    def close_cursor(self, cursor):
        cursor.close()

    @disposes(reader)
    def abort(self, reader):
        reader.abort()

    @disposes(environment)
    def close(self, environment):
        environment.close()
