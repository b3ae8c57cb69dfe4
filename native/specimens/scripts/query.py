"""Closing a table while it is walked must raise (MAD-14)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("query", sys.argv[1])

table = lib.Table()
try:
    answer = table.each(table.close)
except RuntimeError:
    print("clean")
else:
    sys.exit(f"a closed table went on to {answer}")
