"""fetch() on one thread must survive close() on another (MAD-18). The window has no width: a counter that changes threads makes it wide."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("cursor", sys.argv[1])
cursor = lib.Cursor()


class Counter:
    def __next__(self):
        closer = threading.Thread(target=cursor.close)
        closer.start()
        closer.join(0.2)  # the fixed twin makes it wait for us


cursor._fetched = Counter()
row = cursor.fetch()
if row != 1:
    sys.exit(f"fetch() answered {row:#x}, not 1")
print("clean")
