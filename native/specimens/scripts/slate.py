"""A view must keep its bytes when the text moves (MAD-11)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("slate", sys.argv[1])

for size in (64, 900, 200_000):
    slate = lib.Slate(size, 7)
    view = slate.view()
    slate.append(size, 8)
    if bytes(view[:8]) != bytes([7] * 8):
        sys.exit(f"a view of {size} bytes reads {bytes(view[:8])!r}")
print("clean")
