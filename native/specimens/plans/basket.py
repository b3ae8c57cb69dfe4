"""Plan of attack on the specimen basket (MAD-15): a search that asks the value what is equal to it."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Basket(Target):
    basket = Handle(after_dispose=raises(ValueError))

    @creates(basket)
    def create(self, count=st.sampled_from([3, 40])):
        return self.module.Basket(count)

    @uses
    def find(self, basket, value=st.integers(9, 12) | hostile.equal(st.just(False))):
        return basket.find(value)

    @uses
    def clear(self, basket):
        basket.clear()

    @disposes(basket)
    def close(self, basket):
        basket.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Basket):
    """The numbers are counted before they are compared."""

    module = load("basket", "bug")


class Fixed(_Basket):
    """They are counted again after each comparison."""

    module = load("basket", "fixed")
