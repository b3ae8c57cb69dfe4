"""A listener that holds its emitter must die with it (MAD-06)."""

import gc
import sys
import weakref
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("emitter", sys.argv[1])


class Context:
    """What a user gives to the library; it may be a callback."""

    def __call__(self):
        return self.handle


listener = Context()
listener.handle = lib.Emitter()
listener.handle.connect(listener)
canary = weakref.ref(listener)
del listener
gc.collect()
if canary() is not None:
    sys.exit("the listener outlives its last reference")
print("clean")
