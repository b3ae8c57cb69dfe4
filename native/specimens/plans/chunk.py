"""Plan of attack on the specimen chunk (MAD-11): memory that lends itself out, and moves."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, invalidates, ledger, raises, reads

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

SIZES = st.sampled_from([64, 900, 200_000])


class _Chunk(Target):
    skip_hazards = {"touch": "iter() of a released memoryview is a SystemError of CPython's own"}  # noqa: RUF012
    chunk = Handle(after_dispose=raises(ValueError))
    view = Handle(parent=chunk, after_dispose=raises(ValueError))

    @creates(chunk)
    def allocate(self, size=SIZES):
        return self.module.Chunk(size, self.nonce() % 250 + 1)

    @creates(view)
    def view_of(self, chunk):
        return memoryview(chunk)

    @reads
    def head(self, view):
        return bytes(view[:8])

    @disposes(view)
    def release(self, view):
        view.release()

    @invalidates(view)
    def resize(self, chunk, size=SIZES):
        chunk.resize(size)

    @disposes(chunk)
    def close(self, chunk):
        chunk.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Chunk):
    """resize() moves the memory under a view."""

    module = load("chunk", "bug")


class Fixed(_Chunk):
    """resize() refuses while a view is out."""

    module = load("chunk", "fixed")
