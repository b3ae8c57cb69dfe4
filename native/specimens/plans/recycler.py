"""Plan of attack on the specimen recycler (MAD-09): a pool that takes dropped blocks back."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Recycler(Target):
    pool = Handle(after_dispose=raises(ValueError))
    block = Handle(parent=pool, after_dispose=raises(ValueError))

    @creates(pool)
    def create(self):
        return self.module.Pool()

    @creates(block)
    def take(self, pool):
        return pool.take()

    @uses
    def size(self, block):
        assert block.size() == 120

    @disposes(block)
    def close_block(self, block):
        block.close()

    @disposes(pool)
    def close(self, pool):
        pool.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Recycler):
    """A dying wrapper goes back to the pool, its memory freed."""

    module = load("recycler", "bug")


class Fixed(_Recycler):
    """Only the memory goes back."""

    module = load("recycler", "fixed")
