"""A dial must not point into an engine that is gone (MAD-26)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("engineroom", sys.argv[1])

dial = lib.Dial()
lib.restart()
try:
    value = dial.read()
except ValueError:
    pass
else:
    sys.exit(f"read {value} from an engine that is gone")
print("clean")
