"""Calls made again and again, with nothing taken out: what is in use after a stretch, and after stretches twice as long each time."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

from deadhand.worker.heap import in_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.worker.page_guard import PageGuard

STRETCHES = (1, 2, 4, 8)
_CALLING = 0.3
"""Seconds for the calls of one stretch: who takes longer waits, which is how a full queue may push back."""
_WAITING = 0.02
"""Seconds of the first stretch in which nothing is called."""


def flood(call: Callable[[], Any] | None, limit: int, guard: PageGuard | None) -> list[int]:
    """Bytes in use after `limit` calls and after 2, 4 and 8 times as many in all; without `call`, after so much time.

    Empty when the calls take too long, or where the C library does not count. Raises what a call raises.
    """
    calls, seen = 0, list[int]()
    for times in STRETCHES:
        until = time.monotonic() + _CALLING
        if call is None:
            time.sleep(_WAITING * times)
        while call is not None and calls < limit * times:
            call()
            calls += 1
            if time.monotonic() > until:
                return []
        gc.collect()
        now = in_use(guard)
        if now is None:
            return []
        seen.append(now)
    return seen
