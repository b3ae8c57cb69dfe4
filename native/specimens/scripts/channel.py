"""A closed channel must not be freed again when its last reference goes (MAD-02)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("channel", sys.argv[1])

start = lib.alive()
channel = lib.Channel()
channel.close()
del channel
if lib.alive() != start:
    sys.exit(f"{lib.alive() - start} channels alive: freed twice")
print("clean")
