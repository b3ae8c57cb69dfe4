"""A context that holds its watcher must die with it (MAD-06)."""

import gc
import sys
import weakref
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("watcher", sys.argv[1])


class Context:
    """What a user gives to the library; it may be a callback."""

    def __call__(self):
        return self.handle


context = Context()
context.handle = lib.Watcher()
context.handle.attach(context)
canary = weakref.ref(context)
del context
gc.collect()
if canary() is not None:
    sys.exit("the context outlives its last reference")
print("clean")
