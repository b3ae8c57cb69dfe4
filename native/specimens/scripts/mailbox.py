"""A mailbox of 32 must not take the 1,000th letter (MAD-31)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("mailbox", sys.argv[1])
mailbox = lib.Mailbox()
try:
    for number in range(1000):
        mailbox.put(number)
except BufferError:
    pass
else:
    sys.exit("it took 1000 letters")
print("clean")
