"""A value that clears the vector must not be stored into it (MAD-15)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("vector", sys.argv[1])


class Clearing:
    def __index__(self):
        vector.clear()
        return 1


for length in (20, 30_000):
    vector = lib.Vector(length, 7)
    try:
        answer = vector.exchange(0, Clearing())
    except IndexError:
        pass
    else:
        sys.exit(f"a cleared vector exchanged 1 for {answer:#x}")
print("clean")
