"""An album that a finalizer gives back must not be freed again (MAD-09)."""

import gc
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("album", sys.argv[1])


given_back = []


class Phoenix:
    def __init__(self, album):
        self.album, self.me = album, self

    def __del__(self):
        given_back.append(self.album)


start = lib.alive()
Phoenix(lib.Album())
gc.collect()
(album,) = given_back
album.close()
given_back.clear()
del album
if lib.alive() != start:
    sys.exit(f"{lib.alive() - start} albums alive: freed twice")
print("clean")
