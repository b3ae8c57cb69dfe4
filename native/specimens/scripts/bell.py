"""What rings when the loop is closed must be given back (MAD-30)."""

import asyncio
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("bell", sys.argv[1])
bell = lib.Bell()


async def main():
    bell.ring()


asyncio.run(main())
time.sleep(0.1)
if lib.alive() != 0:
    sys.exit(f"{lib.alive()} ring left")
print("clean")
