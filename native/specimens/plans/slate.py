"""Plan of attack on the specimen slate (MAD-11): text that lends itself out, and grows."""

import sys
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, invalidates, ledger, raises, reads

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

SIZES = st.sampled_from([64, 900, 200_000])


class _Slate(Target):
    skip_hazards: ClassVar = {"touch": "iter() of a released memoryview is a SystemError of CPython's own"}
    slate = Handle(after_dispose=raises(ValueError))
    view = Handle(parent=slate, after_dispose=raises(ValueError))

    @creates(slate)
    def create(self, size=SIZES):
        return self.module.Slate(size, self.nonce() % 250 + 1)

    @creates(view)
    def view_of(self, slate):
        return slate.view()

    @reads
    def head(self, view):
        return bytes(view[:8])

    @disposes(view)
    def release(self, view):
        view.release()

    @invalidates(view)
    def append(self, slate, more=SIZES):
        slate.append(more, 7)

    @disposes(slate)
    def close(self, slate):
        slate.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Slate):
    """A view has the address of the block."""

    module = load("slate", "bug")


class Fixed(_Slate):
    """A view has the block."""

    module = load("slate", "fixed")
