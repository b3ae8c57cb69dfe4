"""Nobody reads: 8 samples of 256 bytes must be the most (MAD-31)."""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("capture", sys.argv[1])
capture = lib.Capture()
time.sleep(0.3)
count = 0
while True:
    try:
        capture.read()
    except LookupError:
        break
    count += 1
    if count > 500:
        sys.exit(f"more than {count} samples were waiting")
capture.close()
print("clean")
