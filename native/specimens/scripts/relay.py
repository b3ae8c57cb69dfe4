"""A released object must die where Python knows the thread (MAD-21). It crashes, or debug aborts."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("relay", sys.argv[1])
class Item:
    pass


relay = lib.Relay()
relay.keep(Item())
relay.release()
print("clean")
