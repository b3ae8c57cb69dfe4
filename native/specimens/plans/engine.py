"""Plan of attack on the specimen engine (MAD-10): files of an engine that stops at exit."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Engine(Target):
    file = Handle(after_dispose=raises(ValueError))

    @creates(file)
    def open(self):
        return self.module.File()

    @uses
    def read(self, file):
        return file.read()

    @disposes(file)
    def close(self, file):
        file.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Engine):
    """The engine does not wait for its files."""

    module = load("engine", "bug")


class Fixed(_Engine):
    """The last file to close frees the engine."""

    module = load("engine", "fixed")
