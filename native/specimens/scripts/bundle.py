"""A bundle must keep all its pieces (MAD-12)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("bundle", sys.argv[1])

for size in (40, 900, 200_000):
    bundle = lib.Bundle()
    bundle.add(b"x" * size)
    bundle.add(b"y" * size)
    total, checksum = bundle.total()
    if total != checksum:
        sys.exit(f"the sum of pieces of {size} bytes is {total}; it was {checksum}")
print("clean")
