"""The end of a queue must not fail in a forked child (MAD-28)."""

import os
import sys
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

warnings.simplefilter("ignore")  # of a fork beside threads: it is what this is about

lib = load("workers", sys.argv[1])

queue = lib.Queue()
queue.put(1)
child = os.fork()
if not child:
    status = 1
    try:
        queue.close()
        status = 0
    finally:
        os._exit(status)
_, status = os.waitpid(child, 0)
if status:
    sys.exit("close() failed in the forked child")
queue.close()
print("clean")
