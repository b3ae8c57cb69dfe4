"""A stream that the consumer refused still belongs to its handle (MAD-04)."""

import contextlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("stream", sys.argv[1])

start = lib.alive()
stream = lib.Stream(41)
with contextlib.suppress(ValueError):
    stream.drain(0)
answer = stream.peek()
if answer != 41 or lib.alive() != start + 1:
    sys.exit(f"the stream answers {answer:#x} and {lib.alive() - start} streams are alive")
stream.close()
print("clean")
