"""Plan of attack on the specimen slabs (MAD-01): native memory that can be released, used in twelve ways."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

KINDS = load("slabs", "fixed").KINDS


class _Slabs(Target):
    slab = Handle(after_dispose=raises(ValueError))

    @creates(slab)
    def make(self, kind=st.sampled_from(list(KINDS))):
        return self.module.Slab(kind)

    @uses
    def use(self, slab):
        slab.use()

    @disposes(slab)
    def release(self, slab):
        slab.release()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Slabs):
    """use() works on released memory."""

    module = load("slabs", "bug")


class Fixed(_Slabs):
    """use() asks first."""

    module = load("slabs", "fixed")
