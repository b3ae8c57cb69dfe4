"""Plan of attack on the specimen page (MAD-18): memory read without the GIL."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Page(Target):
    page = Handle(after_dispose=raises(ValueError))

    @creates(page)
    def open(self):
        return self.module.Page(self.nonce())

    @identity
    def read(self, page):
        return page.read()

    @disposes(page)
    def close(self, page):
        page.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Page):
    """read() holds only an address."""

    module = load("page", "bug")


class Fixed(_Page):
    """read() holds a share."""

    module = load("page", "fixed")
