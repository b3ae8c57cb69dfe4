"""A tenant must not sign off in a book that is gone (MAD-08)."""

import gc
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("tenant", sys.argv[1])

class Knot:
    def __init__(self, *handles):
        self.handles, self.me = handles, self


house = lib.House()
tenant = house.let()
Knot(house, tenant)
del house, tenant
gc.collect()
print("clean")
