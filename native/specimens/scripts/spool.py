"""A job that is alive at exit must not take itself out of a spool that is gone (MAD-10)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("spool", sys.argv[1])

job = lib.Job()
print("clean")
