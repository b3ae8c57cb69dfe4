"""A journal that is open at exit must not call into an interpreter that is gone (MAD-25)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("journal", sys.argv[1])

journal = lib.Journal()
journal.write()
print("clean, if the exit is")
