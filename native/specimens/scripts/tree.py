"""A node must survive, or refuse, when only its document is dropped (MAD-05)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("tree", sys.argv[1])

document = lib.Document(7)
node = document.node(0)
del document
answer = node.value()
if answer != 7:
    sys.exit(f"the node answers {answer:#x}, not 7")
print("clean")
