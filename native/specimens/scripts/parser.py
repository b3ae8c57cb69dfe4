"""A parser must not depend on the caller's buffer (MAD-12)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("parser", sys.argv[1])

parser = lib.Parser()
data = bytearray(b"some text" * 20)
expected = bytes(data)
parser.feed(data)
data[:] = b"\xdd" * len(data)
del data
rest, checksum = parser.rest()
if rest != expected or checksum != sum(expected):
    sys.exit(f"the parser has {rest[:8]!r}")
print("clean")
