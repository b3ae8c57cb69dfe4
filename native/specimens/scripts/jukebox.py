"""A jukebox that is closed while a track is heard must be there until the end of it (MAD-14)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("jukebox", sys.argv[1])

start = lib.alive()
jukebox = lib.Jukebox()
track = jukebox.add(1)
plays = track.play(lambda _: jukebox.close())
if plays != 0 or lib.alive() != start:
    sys.exit(f"the track was played {plays} times before, {lib.alive() - start} things are left")
print("clean")
