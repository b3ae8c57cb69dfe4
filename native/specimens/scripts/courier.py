"""A parcel whose sender was cancelled must be given back (MAD-29)."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("courier", sys.argv[1])
async def main():
    task = asyncio.create_task(lib.Courier().send())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


asyncio.run(main())
if lib.alive() != 0:
    sys.exit(f"{lib.alive()} parcel left")
print("clean")
