"""Plan of attack on deadhand's own store: a database behind shared, exclusive and thread-bound handles."""

from hypothesis import strategies as st

from deadhand import Handle, Target, _native, creates, disposes, hostile, identity, ledger, raises, reads, uses, works

GONE = (_native.StaleHandle, _native.ClosedHandle, _native.FencedHandle)
gone, perhaps = raises(*GONE), raises(*GONE, or_works=True)
KEYS = st.sampled_from([b"", b"a", b"ab", b"b"]) | hostile.data()


class Store(Target):
    module = _native
    store = Handle(after_dispose=gone)
    reader = Handle(parent=store, after_dispose=gone, when_parent_disposed=works)
    writer = Handle(parent=store, after_dispose=gone, when_parent_disposed=works)
    deleter = Handle(parent=writer, after_dispose=gone, when_parent_disposed=perhaps, threads="creator")  # its store may end first

    @creates(store)
    def open(self, in_memory=st.sampled_from([True, True, True, False])):
        native = _native.Store
        return native.in_memory() if in_memory else native.open(self.tmp_path / f"{self.nonce()}.redb")

    @creates(reader)
    def read(self, store):
        return store.read()

    @creates(writer)
    def write(self, store):
        return store.write()

    @creates(deleter)
    def delete(self, writer, prefix=KEYS):
        return writer.deleter(prefix)

    @reads
    def snapshot(self, reader):
        reader.rewind()
        return [(key, len(value), value[:9]) for key, value in reader]

    @uses
    def look(self, reader, key=KEYS):
        return reader.get(key), reader.count(), next(reader, None)

    @uses
    def put(self, writer, key=KEYS, size=st.sampled_from([0, 9, 900, 200_000])):
        writer.put(key, b"%09d" % self.nonce() * (size // 9))

    @uses
    def remove(self, writer, key=KEYS):
        return writer.get(key), writer.remove(key)

    @uses
    def step(self, deleter):
        return deleter.step()

    @uses
    def panic(self, store):
        store.provoke_panic()

    @identity
    def store_id(self, store):
        return store.handle

    @identity
    def reader_id(self, reader):
        return reader.handle

    @identity
    def writer_id(self, writer):
        return writer.handle

    @disposes(store)
    def close(self, store, refuse=st.booleans()):
        store.close(refuse=refuse)

    @disposes(reader)
    def close_reader(self, reader):
        reader.close()

    @disposes(writer)
    def finish(self, writer, how=st.sampled_from(["commit", "abort", "close"])):
        getattr(writer, how)()

    @disposes(deleter)
    def close_deleter(self, deleter):
        deleter.close()

    @ledger
    def alive(self):
        return sum(count for kind, count in _native.core_ledger().items() if kind != "queued")
