"""A call from a native thread must wake the loop at once (MAD-30)."""

import asyncio
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("pager", sys.argv[1])
async def main():
    began = time.monotonic()
    await asyncio.wait_for(lib.Pager().page(), 1)
    return time.monotonic() - began


try:
    seconds = asyncio.run(main())
except TimeoutError:
    seconds = 1.0
except asyncio.TimeoutError:  # another class before Python 3.11
    seconds = 1.0
if seconds > 0.5:
    sys.exit(f"the loop slept for {seconds:.1f} seconds")
print("clean")
