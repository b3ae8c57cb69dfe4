"""What another thread made must be freed when the main thread drops it (MAD-20)."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("canvas", sys.argv[1])
made = []
maker = threading.Thread(target=lambda: made.append(lib.Canvas()))
maker.start()
maker.join()
made.clear()
if lib.alive() != 0:
    sys.exit(f"{lib.alive()} canvas left")
print("clean")
