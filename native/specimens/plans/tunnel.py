"""Plan of attack on the specimen tunnel (MAD-19): a route taken down without the GIL."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Tunnel(Target):
    tunnel = Handle(after_dispose=raises(ValueError))

    @creates(tunnel)
    def open(self):
        return self.module.Tunnel()

    @uses
    def hops(self, tunnel):
        return tunnel.hops()

    @disposes(tunnel)
    def close(self, tunnel):
        tunnel.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Tunnel):
    """close() sees it open, frees, then notes it."""

    module = load("tunnel", "bug")


class Fixed(_Tunnel):
    """close() takes it out first."""

    module = load("tunnel", "fixed")
