"""Released memory must refuse to be used (MAD-01). A second argument names the kind of use."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("slabs", sys.argv[1])

slab = lib.Slab(*sys.argv[2:3])
slab.release()
try:
    answer = slab.use()
except ValueError:
    print("clean")
else:
    sys.exit(f"released memory answered {answer}")
