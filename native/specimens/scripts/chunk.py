"""A view must keep its bytes, or the resize must be refused (MAD-11)."""

import contextlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("chunk", sys.argv[1])

for size in (64, 900, 200_000):
    chunk = lib.Chunk(size, 7)
    view = memoryview(chunk)
    with contextlib.suppress(BufferError):
        chunk.resize(2 * size)
    if bytes(view[:8]) != bytes([7] * 8):
        sys.exit(f"a view of {size} bytes reads {bytes(view[:8])!r}")
print("clean")
