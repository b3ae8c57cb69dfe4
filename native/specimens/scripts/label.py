"""Asking a label for its text must not take the text away from it (MAD-07)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("label", sys.argv[1])


class Text(list):
    pass


label = lib.Label()
label.set(Text(b"twenty bytes of text"))
for _ in range(2):
    answer = label.text()
    if answer is None or type(answer) is not Text or len(answer) != 20:
        sys.exit(f"the label's text became {type(answer)}")
    del answer
del label
print("clean")
