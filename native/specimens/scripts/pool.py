"""A pool must not hang in a forked child (MAD-28)."""

import os
import sys
import time
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

warnings.simplefilter("ignore")  # of a fork beside threads: it is what this is about

lib = load("pool", sys.argv[1])

pool = lib.Pool()
child = os.fork()
if not child:
    try:
        pool.submit(1)
    except RuntimeError:
        os._exit(0)
    os._exit(1)
for _ in range(200):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    time.sleep(0.01)
else:
    os.kill(child, 9)
    os.waitpid(child, 0)
    sys.exit("the forked child hangs in submit()")
if status:
    sys.exit("the forked child got an answer from nobody")
pool.close()
print("clean")
