"""courier: sends parcels and waits for them (MAD-29; see courier.c)."""

import asyncio
import ctypes
from pathlib import Path

TWIN = __name__.rsplit("_", 1)[1]
FIXED = TWIN == "fixed"
_lib = ctypes.PyDLL(str(Path(__file__).with_name(f"libcourier_{TWIN}.so")))
_lib.courier_send.restype = ctypes.c_void_p
_lib.courier_arrived.argtypes = _lib.courier_release.argtypes = [ctypes.c_void_p]
_lib.courier_release.restype = None
_lib.courier_alive.restype = ctypes.c_long
alive = _lib.courier_alive


class Courier:
    def __init__(self):
        self.sent = 0

    async def send(self):
        parcel = _lib.courier_send()
        if FIXED:
            try:
                await self._arrival(parcel)
            finally:
                _lib.courier_release(parcel)
        else:
            await self._arrival(parcel)
            _lib.courier_release(parcel)
        self.sent += 1
        return self.sent

    async def _arrival(self, parcel):
        while not _lib.courier_arrived(parcel):
            await asyncio.sleep(0)
