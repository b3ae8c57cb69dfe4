"""read() must not wait for ever while refresh() is under way (MAD-22). The window has no width: a hook makes it wide. A deadlock is ended by the alarm."""

import signal
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load, widen

lib = load("meter", sys.argv[1])
handle = lib.Meter()


def in_window():
    other = threading.Thread(target=handle.read)
    other.start()
    other.join()


widen(lib, in_window)
signal.alarm(2)
handle.refresh()
print("clean")
