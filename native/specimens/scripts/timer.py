"""A timer must be able to call what it was given (MAD-13)."""

import gc
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("timer", sys.argv[1])

ticks = []
timer = lib.Timer()
timer.on_tick(lambda: ticks.append(1))
gc.collect()
answer = timer.tick()
if ticks != [1] or answer != 1:
    sys.exit(f"the tick answered {answer} and {len(ticks)} calls arrived")
print("clean")
