"""Released memory must refuse to be used (MAD-01). A second argument names the kind of use."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("blocks", sys.argv[1])

block = lib.Block(*sys.argv[2:3])
block.release()
try:
    answer = block.use()
except ValueError:
    print("clean")
else:
    sys.exit(f"released memory answered {answer}")
