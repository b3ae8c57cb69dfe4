"""A voucher that was torn up must not come alive as the next one (MAD-03)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("voucher", sys.argv[1])

first = lib.Voucher(111)
first.tear()
second = lib.Voucher(222)
try:
    answer = first.nonce()
except ValueError:
    print("clean")
else:
    sys.exit(f"the torn voucher 111 is now voucher {answer}")
