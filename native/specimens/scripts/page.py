"""read() on one thread must survive close() on another (MAD-18). The window has no width: a hook makes it wide."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load, widen

lib = load("page", sys.argv[1])
handle = lib.Page(7)


def in_window():
    closer = threading.Thread(target=handle.close)
    closer.start()
    closer.join(0.2)  # the fixed twin may make it wait for us


widen(lib, in_window)
answer = handle.read()
if answer != 7:
    sys.exit(f"read() answered {answer:#x}, not 7")
print("clean")
