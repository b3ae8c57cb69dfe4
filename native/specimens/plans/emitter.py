"""Plan of attack on the specimen emitter (MAD-06): an event source and its listener."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Emitter(Target):
    emitter = Handle(after_dispose=raises(ValueError))

    @creates(emitter)
    def create(self):
        return self.module.Emitter()

    @uses(triggers="emit")
    def connect(self, emitter, listener: Reentry):
        emitter.connect(listener)

    @uses
    def emit(self, emitter):
        return emitter.emit()

    @disposes(emitter)
    def close(self, emitter):
        emitter.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Emitter):
    """No collector support."""

    module = load("emitter", "bug")


class Fixed(_Emitter):
    """With tp_traverse and tp_clear."""

    module = load("emitter", "fixed")
