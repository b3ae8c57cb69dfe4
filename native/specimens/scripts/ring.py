"""An index out of range is an ordinary exception (MAD-17)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("ring", sys.argv[1])

ring = lib.Ring()
try:
    ring.at(5)
except Exception as error:  # noqa: BLE001  the point
    print("clean:", error)
except BaseException as error:  # noqa: BLE001  the point
    sys.exit(f"{type(error).__name__} is no Exception")
