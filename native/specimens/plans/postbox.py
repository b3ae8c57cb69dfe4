"""Plan of attack on the specimen postbox (MAD-21): objects kept by a native thread."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, hostile, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Postbox(Target):
    postbox = Handle()

    @creates(postbox)
    def create(self):
        return self.module.Postbox()

    @uses
    def put(self, postbox, item=hostile.object()):
        postbox.put(item)

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Postbox):
    """The thread drops them without the GIL."""

    module = load("postbox", "bug")


class Fixed(_Postbox):
    """The thread attaches to drop them."""

    module = load("postbox", "fixed")
