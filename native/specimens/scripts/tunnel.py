"""Two threads that close one tunnel must free it once (MAD-19). The window has no width: a hook makes it wide."""

import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load, widen

lib = load("tunnel", sys.argv[1])
tunnel = lib.Tunnel()


def in_window():
    closer = threading.Thread(target=tunnel.close)
    closer.start()
    closer.join()


widen(lib, in_window)
tunnel.close()
if lib.alive() != 0:
    sys.exit(f"{lib.alive()} tunnels alive: freed twice")
print("clean")
