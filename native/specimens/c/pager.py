"""pager: waits for what comes from a native thread (MAD-30; see pager.c)."""

import asyncio
import contextlib
import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.CDLL(str(Path(__file__).with_name(f"libpager_{TWIN}.so")))  # without the GIL
_done = ctypes.CFUNCTYPE(None, ctypes.c_long)
_lib.pager_start.argtypes = [_done]
_lib.pager_start.restype = ctypes.c_void_p
_lib.pager_join.argtypes = [ctypes.c_void_p]
_lib.pager_join.restype = None
_lib.pager_alive.restype = ctypes.c_long
alive = _lib.pager_alive


class Pager:
    async def page(self):
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def complete(value):
            if not future.done():
                future.set_result(value)

        def done(value):
            if FIXED:
                with contextlib.suppress(RuntimeError):  # the loop may be closed by now: nobody waits
                    loop.call_soon_threadsafe(complete, value)
            else:
                complete(value)

        thunk = _done(done)
        page = _lib.pager_start(thunk)
        try:
            return await future
        finally:
            _lib.pager_join(page)
            del thunk
