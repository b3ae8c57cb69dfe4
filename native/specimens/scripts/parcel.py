"""A parcel that was sent must not be freed again (MAD-02)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("parcel", sys.argv[1])

start = lib.alive()
parcel = lib.Parcel()
parcel.send()
del parcel
if lib.alive() != start:
    sys.exit(f"{lib.alive() - start} parcels alive: freed twice")
print("clean")
