"""Two threads that close one session must free it once (MAD-19)."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("session", sys.argv[1])


def close(session, barrier):
    barrier.wait()
    session.close()


start = lib.alive()
for _ in range(20):
    together = lib.Session(), threading.Barrier(2)
    closers = [threading.Thread(target=close, args=together) for _ in range(2)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join()
    if lib.alive() != start:
        sys.exit(f"{lib.alive() - start} sessions alive: freed twice")
print("clean")
