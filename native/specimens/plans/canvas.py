"""Plan of attack on the specimen canvas (MAD-20): a surface that is drawn on."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Canvas(Target):
    canvas = Handle()

    @creates(canvas)
    def create(self):
        return self.module.Canvas()

    @uses
    def draw(self, canvas):
        return canvas.draw()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Canvas):
    """It belongs to the thread that made it."""

    module = load("canvas", "bug")


class Fixed(_Canvas):
    """It may be used and dropped anywhere."""

    module = load("canvas", "fixed")
