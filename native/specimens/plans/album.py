"""Plan of attack on the specimen album (MAD-09): albums whose finalizer frees their pages."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Album(Target):
    album = Handle(after_dispose=raises(ValueError))

    @creates(album)
    def open(self):
        return self.module.Album()

    @uses
    def add(self, album, picture=st.integers(0, 9)):
        album.add(picture)

    @uses
    def count(self, album):
        assert 0 <= album.count() < 1_000_000

    @disposes(album)
    def close(self, album):
        album.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Album):
    """The finalizer frees the pages and leaves the pointer."""

    module = load("album", "bug")


class Fixed(_Album):
    """The finalizer closes the album."""

    module = load("album", "fixed")
