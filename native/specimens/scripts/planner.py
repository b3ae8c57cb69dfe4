"""Two threads may plan at once (MAD-23). The window has no width: a hook makes it wide."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load, widen

lib = load("planner", sys.argv[1])
planner = lib.Planner()
raised = []


def other():
    try:
        planner.plan()
    except RuntimeError as error:
        raised.append(error)


def in_window():
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()


widen(lib, in_window)
planner.plan()
if raised:
    sys.exit(f"the second thread was told: {raised[0]}")
print("clean")
