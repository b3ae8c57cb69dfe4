"""Plan of attack on the specimen pool (MAD-28): a pool with a worker thread of the library's own."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Pool(Target):
    pool = Handle(after_dispose=raises(ValueError))

    @creates(pool)
    def open(self):
        return self.module.Pool()

    @uses
    def submit(self, pool, number=st.integers(1, 9)):
        return pool.submit(number)

    @disposes(pool)
    def close(self, pool):
        pool.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Pool):
    """submit() waits for a worker that is not in the forked child."""

    module = load("pool", "bug")


class Fixed(_Pool):
    """submit() knows the process that opened the pool."""

    module = load("pool", "fixed")
