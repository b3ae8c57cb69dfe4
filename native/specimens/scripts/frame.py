"""sum() on one thread must survive close() on another (MAD-18). The window has no width: a hook makes it wide."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load, widen

lib = load("frame", sys.argv[1])
handle = lib.Frame()


def in_window():
    closer = threading.Thread(target=handle.close)
    closer.start()
    closer.join(0.2)  # the fixed twin may make it wait for us


widen(lib, in_window)
answer = handle.sum()
if answer != 0:
    sys.exit(f"sum() answered {answer:#x}, not 0")
print("clean")
