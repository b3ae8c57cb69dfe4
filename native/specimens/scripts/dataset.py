"""A closed dataset must not come alive as the next one (MAD-03)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("dataset", sys.argv[1])

first = lib.Dataset(111)
first.close()
second = lib.Dataset(222)
try:
    answer = first.nonce()
except ValueError:
    print("clean")
else:
    sys.exit(f"the closed dataset 111 is now dataset {answer}")
