"""How many bytes this process has in use: what malloc gave out, and roughly what Python's own allocator did."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deadhand.worker.page_guard import PageGuard

_FIELDS = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
_SMALLEST = 16
"""Bytes of the smallest block of Python's own allocator."""


class _MallInfo(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_size_t) for name in _FIELDS)


def _mallinfo() -> Any:
    """What glibc has since 2.33; None elsewhere."""
    found = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if found is not None:
        found.restype = _MallInfo
    return found


_ask = _mallinfo()


def in_use(guard: PageGuard | None) -> int | None:
    """Bytes; None where the C library, or the one preloaded in its place, does not tell."""
    if guard is not None:
        return guard.bytes_in_use()
    if _ask is None:
        return None
    info = _ask()
    if not info.arena and not info.hblkhd:
        return None  # glibc's own debugging allocator, preloaded for `poison`, does not count
    return int(info.uordblks + info.hblkhd) + sys.getallocatedblocks() * _SMALLEST
