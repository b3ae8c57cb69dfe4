"""Plan of attack on the specimen jukebox (MAD-14): a jukebox that is closed while a track is heard."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Jukebox(Target):
    jukebox = Handle(after_dispose=raises(ValueError))
    track = Handle(parent=jukebox, after_dispose=raises(ValueError))

    @creates(jukebox)
    def open(self):
        return self.module.Jukebox()

    @creates(track)
    def add(self, jukebox):
        return jukebox.add(self.nonce())

    @uses
    def plays(self, track):
        return track.plays()

    @uses
    def play(self, track, callback: Reentry):
        return track.play(callback)

    @disposes(track)
    def take_out(self, track):
        track.take_out()

    @disposes(jukebox)
    def close(self, jukebox):
        jukebox.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Jukebox):
    """The jukebox takes a track along that is being heard."""

    module = load("jukebox", "bug")


class Fixed(_Jukebox):
    """It stays until nothing is played any more."""

    module = load("jukebox", "fixed")
