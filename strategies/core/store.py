"""Plan of attack on deadhand's own store: a database behind shared, exclusive and thread-bound handles."""

from contextlib import suppress

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, identity, ledger, raises, reads, uses, works

gone = raises("StaleHandle", "ClosedHandle", "FencedHandle")
KEYS = st.sampled_from([b"", b"a", b"ab", b"b"]) | hostile.data()


class Store(Target):
    module = "deadhand._native"
    store = Handle(after_dispose=gone)
    reader = Handle(parent=store, after_dispose=gone, when_parent_disposed=works)
    writer = Handle(parent=store, after_dispose=gone, when_parent_disposed=works)
    deleter = Handle(parent=writer, after_dispose=gone, when_parent_disposed=works, threads="creator")

    @creates(store)
    def open(self, file=st.sampled_from([False, False, False, True])):
        return self.module.Store.open(self.tmp_path / f"{self.nonce()}.redb") if file else self.module.Store.in_memory()

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
    def change(self, writer, key=KEYS, size=st.sampled_from([0, 9, 900, 200_000]), then=st.sampled_from(["get", "remove"])):
        writer.put(key, b"%09d" % self.nonce() * (size // 9))
        return getattr(writer, then)(key)

    @uses
    def step(self, deleter):
        return deleter.step()

    @uses
    def panic(self, store):
        with suppress(self.module.NativePanic):  # the store is fenced off now
            store.provoke_panic()

    @identity
    def store_id(self, store):
        return store.handle

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
        return sum(count for kind, count in self.module.core_ledger().items() if kind != "queued")
