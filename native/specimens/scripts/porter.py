"""A porter whose carrying was cancelled must carry again (MAD-29)."""

import asyncio
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("porter", sys.argv[1])
porter = lib.Porter()


async def carry():
    return await porter.carry()


async def main():
    task = asyncio.create_task(carry())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    del task
    await carry()


try:
    asyncio.run(main())
except RuntimeError as error:
    sys.exit(f"a porter that carries nothing says: {error}")
print("clean")
