"""An exception in the callback must reach the caller (MAD-17)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("series", sys.argv[1])


def weigh():
    raise LookupError("no weight")


try:
    answer = lib.Series().fold(weigh)
except LookupError:
    print("clean")
else:
    sys.exit(f"without any weight the sum is {answer}")
