"""A value that empties the basket while it is searched for must end the search (MAD-15)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("basket", sys.argv[1])


class Emptying:
    __hash__ = None

    def __eq__(self, other):
        basket.clear()
        return False


basket = lib.Basket()
answer = basket.find(Emptying())
if answer is not None:
    sys.exit(f"found {answer}")
print("clean")
