"""No call that calls back may be under way on another thread when the interpreter ends.

A thread that asks for the GIL then is ended by unwinding it (before Python 3.14), which the Rust frames below a callback
do not survive. So such calls are refused shortly before, and those that are under way are waited for.
"""

from __future__ import annotations

import atexit
import threading
import time

from .errors import ClosedHandle

_PATIENCE = 1.0
_ending: list[int] = []  # the thread that ends the interpreter
_under_way: dict[Calling, None] = {}


class Calling:
    """A call that calls back, while it is under way. Raises ClosedHandle where that is too late."""

    # Bound now: at the end of the interpreter the names of this module may be gone.
    def __init__(self, under_way: dict[Calling, None] = _under_way) -> None:
        self._all = under_way

    def __enter__(self, ending: list[int] = _ending, here=threading.get_ident, refused=ClosedHandle) -> None:
        self._all[self] = None  # first: who ends the interpreter sees it, or is seen
        if ending and ending[0] != here():
            del self._all[self]
            message = "nothing that calls back is called while the interpreter ends: join the thread before"
            raise refused(message)

    def __exit__(self, *_exception: object) -> None:
        del self._all[self]


@atexit.register
def _end() -> None:
    _ending.append(threading.get_ident())
    deadline = time.monotonic() + _PATIENCE
    while _under_way and time.monotonic() < deadline:
        time.sleep(0.001)
