"""Plan of attack on the specimen sprite (MAD-20): a picture that moves."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Sprite(Target):
    sprite = Handle(after_dispose=raises(ValueError))

    @creates(sprite)
    def create(self):
        return self.module.Sprite()

    @uses
    def move(self, sprite):
        return sprite.move()

    @disposes(sprite)
    def close(self, sprite):
        sprite.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Sprite):
    """Freed by its own thread only."""

    module = load("sprite", "bug")


class Fixed(_Sprite):
    """Freed by any thread."""

    module = load("sprite", "fixed")
