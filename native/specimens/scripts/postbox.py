"""What is in a box must die with it (MAD-21)."""

import sys
import time
import weakref
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("postbox", sys.argv[1])
class Item:
    pass


postbox = lib.Postbox()
item = Item()
canary = weakref.ref(item)
postbox.put(item)
del item, postbox
time.sleep(0.1)
if canary() is not None:
    sys.exit("the item waits for somebody to call the library")
print("clean")
