"""A statement in a garbage cycle must not touch its finalized connection (MAD-08)."""

import gc
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("statement", sys.argv[1])


class Context:
    """What a user gives to the library; it may be a callback."""

    def __call__(self):
        return self.handle


start = lib.alive()
callback = Context()
connection = lib.Connection()
callback.handle = connection.prepare()
callback.handle.on_row(callback)
del connection, callback
gc.collect()
if lib.alive() != start:
    sys.exit(f"{lib.alive() - start} native objects are left")
print("clean")
