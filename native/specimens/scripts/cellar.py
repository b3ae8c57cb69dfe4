"""Opening a cask must survive another one that the collector gives back meanwhile (MAD-16)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("cellar", sys.argv[1])

cask = lib.Cask()
cask.me = cask
del cask
cask = lib.Cask()
if lib.alive() != 1:
    sys.exit(f"{lib.alive()} casks are there")
print("clean")
