"""Plan of attack on deadhand's own memory: buffers, slices that are revoked, spans that pin, pools that give again."""

from contextlib import nullcontext, suppress

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, identity, invalidates, ledger, raises, reads, uses

gone = raises("StaleHandle", "ClosedHandle", "FencedHandle")
SIZES, PLACES = st.sampled_from([8, 0, 900, 200_000]), st.sampled_from([0, 0, 0, 8, 99]) | hostile.index()
DATA = st.sampled_from([b"", b"8 bytes!", b"9" * 900]) | hostile.data()


class Memory(Target):
    module = "deadhand._native"
    pool, buffer = Handle(after_dispose=gone), Handle(after_dispose=gone)
    view = Handle(parent=buffer, after_dispose=gone)

    @creates(pool)
    def found(self, capacity=st.integers(0, 3)):
        return self.module.Pool.create(capacity)

    @creates(buffer)
    def make(self, length=SIZES, data=st.booleans()):
        return self.module.Buffer.of(b"%08d" % self.nonce() * (length // 8)) if data else self.module.Buffer.zeros(length)

    @creates(buffer)
    def rent(self, pool, length=SIZES):
        buffer = pool.rent(length)
        assert not any(buffer.read()), "a rented buffer shows what was in it before"
        buffer.write(b"%08d" % self.nonce() * (length // 8))
        return buffer

    @creates(view)
    def view_of(self, buffer, kind=st.sampled_from(["slice", "span"]), offset=PLACES, length=SIZES):
        return getattr(buffer, kind)(offset, length)

    @reads(after_dispose=gone)
    def shown(self, view):
        return view.length, view.read()

    @uses
    def use(self, buffer, offset=PLACES, data=DATA, into=st.none() | hostile.buffer()):
        return buffer.write(data, offset) if into is None else buffer.read_into(into, offset), buffer.read()

    @uses
    def use_view(self, view, offset=PLACES, data=DATA, into=st.none() | hostile.buffer()):
        return view.write(data, offset) if into is None else view.read_into(into, offset)

    @invalidates(view)
    def resize(self, buffer, length=SIZES | hostile.index()):
        with buffer.slice(0, 0) as old, suppress(self.module.StaleHandle):
            buffer.resize(length)
            assert old.read() is None, "a slice has survived a resize"

    @uses
    def panic(self, buffer):
        buffer.provoke_panic()

    @identity
    def handle(self, buffer):
        return buffer.handle

    @disposes(pool)
    def close_pool(self, pool):
        pool.close()

    @disposes(buffer)
    def close(self, buffer, pinned=st.booleans()):
        with buffer.span(0, 0) if pinned else nullcontext():
            buffer.close()
            assert not pinned, "a buffer was closed under a span of it"

    @disposes(view)
    def close_view(self, view, how=st.sampled_from(["close", "revoke"])):
        getattr(view, how, view.close)()

    @ledger
    def alive(self):
        return sum(count for kind, count in self.module.core_ledger().items() if kind != "queued")
