"""Plan of attack on plyvel, where everything raises RuntimeError once the database is closed.

No two calls overlap: LevelDB wants iterators and batches locked by their users, and plyvel documents that closing a
database "while other threads are busy accessing the same database may result in hard crashes".
"""

import plyvel
from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, raises, reads, uses

closed = raises(RuntimeError)
KEYS = st.sampled_from([b"", b"a", b"b", b"c"])
SIZES = st.sampled_from([0, 8, 900, 200_000])


class Plyvel(Target):
    module = plyvel
    skip_hazards = {"cycle": "left out: in which order a database and its iterator leave one garbage cycle is promised nowhere"}
    database = Handle(after_dispose=closed, overlap=False)
    snapshot = Handle(parent=database, after_dispose=closed, when_parent_disposed=closed, overlap=False)
    iterator = Handle(parent=database, after_dispose=closed, when_parent_disposed=closed, overlap=False)
    batch = Handle(parent=database, when_parent_disposed=closed, overlap=False)

    @creates(database)
    def open(self):
        return plyvel.DB(str(self.tmp_path / str(self.nonce())), create_if_missing=True)

    @uses
    def put(self, database, key=KEYS, size=SIZES):
        database.put(key, bytes([self.nonce() % 100]) * size)

    @uses
    def get(self, database, key=KEYS):
        return database.get(key)

    @creates(snapshot)
    def take_snapshot(self, database):
        return database.snapshot()

    @reads
    def read(self, snapshot, key=KEYS):
        return snapshot.get(key)

    @creates(iterator)
    def iterate(self, database, reverse=st.booleans(), start=st.none() | KEYS):
        return database.iterator(reverse=reverse, start=start)

    @uses
    def move(self, iterator, how=st.sampled_from(["__next__", "prev", "seek_to_start", "seek_to_stop"])):
        return getattr(iterator, how)()

    @uses
    def seek(self, iterator, key=KEYS):
        iterator.seek(key)

    @creates(batch)
    def begin(self, database, transaction=st.booleans()):
        return database.write_batch(transaction=transaction)

    @uses
    def add(self, batch, key=KEYS, size=SIZES):
        batch.put(key, bytes(size))

    @uses
    def write(self, batch):
        batch.write()

    @disposes(iterator)
    def close_iterator(self, iterator):
        iterator.close()

    @disposes(snapshot)
    def close_snapshot(self, snapshot):
        snapshot.close()

    @disposes(database)
    def close(self, database):
        database.close()
