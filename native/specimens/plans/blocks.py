"""Plan of attack on the specimen blocks (MAD-01): native memory that can be released, used in twelve ways."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

KINDS = load("blocks", "fixed").KINDS


class _Blocks(Target):
    block = Handle(after_dispose=raises(ValueError))

    @creates(block)
    def make(self, kind=st.sampled_from(list(KINDS))):
        return self.module.Block(kind)

    @uses
    def use(self, block):
        block.use()

    @disposes(block)
    def release(self, block):
        block.release()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Blocks):
    """use() works on released memory."""

    module = load("blocks", "bug")


class Fixed(_Blocks):
    """use() asks first."""

    module = load("blocks", "fixed")
