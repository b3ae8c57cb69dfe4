"""Plan of attack on the specimen bundle (MAD-12): pieces that are added now and summed later."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Borrowed, Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Bundle(Target):
    bundle = Handle(after_dispose=raises(ValueError))

    @creates(bundle)
    def open(self):
        return self.module.Bundle()

    @uses(triggers="total")
    def add(self, bundle, data: Borrowed = st.binary(min_size=1, max_size=64) | st.just(b"x" * 200_000)):
        bundle.add(data)

    @uses
    def total(self, bundle):
        total, checksum = bundle.total()
        assert total == checksum

    @disposes(bundle)
    def close(self, bundle):
        bundle.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Bundle):
    """The last piece is kept."""

    module = load("bundle", "bug")


class Fixed(_Bundle):
    """All pieces are kept."""

    module = load("bundle", "fixed")
