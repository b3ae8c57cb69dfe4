"""Time that native code is given to let go of what it holds, before it is called a leak."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = 25


class Patience:
    """One child's. It ends after a few programs that were waited for in vain: what leaks always must not cost that each time."""

    def __init__(self, vain: int = 4) -> None:
        self.vain = vain

    def wait(self, over: Callable[[], bool], seconds: float, *, collect: bool = False) -> bool:
        """Wait until `over()`, at most so long, without the GIL; False when that was not even tried any more."""
        if not self.vain:
            return False
        until = time.monotonic() + seconds
        while not over():
            if time.monotonic() > until:
                self.vain -= 1
                break
            time.sleep(seconds / _STEPS)
            if collect:
                gc.collect()
        return True
