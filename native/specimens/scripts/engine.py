"""A file that is open at exit must find its engine (MAD-10)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("engine", sys.argv[1])

file = lib.File()
file.read()
print("clean, if the exit is")
