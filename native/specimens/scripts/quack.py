"""A closed connection must refuse changes() (MAD-01)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("quack", sys.argv[1])

connection = lib.Connection()
connection.execute("insert")
connection.close()
try:
    answer = connection.changes()
except ValueError:
    print("clean")
else:
    sys.exit(f"a closed connection answered {answer}")
