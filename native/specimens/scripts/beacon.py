"""A beacon that burns at exit must not ask for an interpreter that is gone (MAD-25)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("beacon", sys.argv[1])

beacon = lib.Beacon()
beacon.flash()
print("clean, if the exit is")
