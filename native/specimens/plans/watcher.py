"""Plan of attack on the specimen watcher (MAD-06): a watcher with a callback and a context."""

import sys
from pathlib import Path

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Watcher(Target):
    watcher = Handle(after_dispose=raises(ValueError))

    @creates(watcher)
    def create(self):
        return self.module.Watcher()

    @uses(triggers="change")
    def on_change(self, watcher, callback: Reentry):
        watcher.on_change(callback)

    @uses
    def attach(self, watcher, context=hostile.object()):
        watcher.attach(context)

    @uses
    def change(self, watcher):
        watcher.change()

    @disposes(watcher)
    def close(self, watcher):
        watcher.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Watcher):
    """__traverse__ forgets the context."""

    module = load("watcher", "bug")


class Fixed(_Watcher):
    """__traverse__ visits both objects."""

    module = load("watcher", "fixed")
