"""A block from the pool is a whole block, also the second time (MAD-09)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("recycler", sys.argv[1])

pool = lib.Pool()
block = pool.take()
whole = block.size()
del block
block = pool.take()
if block.size() != whole:
    sys.exit(f"a block of {whole} bytes came back with {block.size():#x}")
print("clean")
