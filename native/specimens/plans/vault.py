"""Plan of attack on the specimen vault (MAD-28): coins under a lock of the library's own, which promises to survive a fork at any time."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Vault(Target):
    forks_while_busy = True
    vault = Handle(after_dispose=raises(ValueError))

    @creates(vault)
    def open(self):
        return self.module.Vault()

    @uses
    def put(self, vault, coin=st.integers(1, 9)):
        return vault.put(coin)

    @disposes(vault)
    def close(self, vault):
        vault.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Vault):
    """A lock that a thread held at the fork is locked in the child for ever."""

    module = load("vault", "bug")


class Fixed(_Vault):
    """The fork takes the lock, and both sides let go of it."""

    module = load("vault", "fixed")
