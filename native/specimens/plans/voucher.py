"""Plan of attack on the specimen voucher (MAD-03): vouchers behind addresses that are used again."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Voucher(Target):
    voucher = Handle(after_dispose=raises(ValueError))

    @creates(voucher)
    def issue(self):
        return self.module.Voucher(self.nonce())

    @identity
    def nonce_of(self, voucher):
        return voucher.nonce()

    @disposes(voucher)
    def tear(self, voucher):
        voucher.tear()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Voucher):
    """An address is good while somebody lives there."""

    module = load("voucher", "bug")


class Fixed(_Voucher):
    """A voucher that was torn up has no address."""

    module = load("voucher", "fixed")
