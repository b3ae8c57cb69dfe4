"""A tape that a finalizer gives back must know that it is freed (MAD-09)."""

import gc
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("tape", sys.argv[1])


class Phoenix:
    def __init__(self, tape):
        self.tape, self.me = tape, self

    def __del__(self):
        given_back.append(self.tape)


start = lib.alive()
given_back = []
Phoenix(lib.Tape())
gc.collect()
(tape,) = given_back
if lib.alive() == start:
    try:
        tape.wind(1)
    except ValueError:
        pass
    else:
        sys.exit("wind() worked on a tape that was freed")
print("clean")
