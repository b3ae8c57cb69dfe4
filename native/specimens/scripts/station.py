"""A channel of the first life must not be another one in the second (MAD-26)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("station", sys.argv[1])

old = lib.Channel(1)
lib.restart()
new = lib.Channel(2)
try:
    frequency = old.frequency()
except ValueError:
    pass
else:
    sys.exit(f"the channel of frequency 1 now says {frequency}")
print("clean")
