"""An object swapped in and out of a cell must die with its last reference (MAD-07)."""

import gc
import sys
import weakref
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("cell", sys.argv[1])


class Content:
    pass


cell = lib.Cell()
content = Content()
canary = weakref.ref(content)
cell.swap(content)
cell.swap(None)
del content
gc.collect()
if canary() is not None:
    sys.exit("the content outlives its last reference")
print("clean")
