"""A visitor may add (MAD-23)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("tally", sys.argv[1])
tally = lib.Tally()
raised = []


def visitor(number):
    try:
        tally.add(number)
    except RuntimeError as error:
        raised.append(error)


tally.visit(visitor)
if raised:
    sys.exit(f"the visitor was told: {raised[0]}")
print("clean")
