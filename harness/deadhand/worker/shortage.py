"""Calls in which one allocation of the interpreter fails: the first, then the second, until there are no more."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from deadhand import _native

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_JUDGED = (SystemError, AssertionError)
"""What no failed allocation excuses: a C function that broke the protocol, and what the plan itself says is wrong."""


_under_way = threading.local()


def is_short() -> bool:
    """Whether this thread is in a call that lacks memory: an exception that nobody can catch, a finalizer's, is then its doing."""
    return bool(getattr(_under_way, "yes", False))


@contextlib.contextmanager
def enough() -> Iterator[None]:
    """What is done inside, in the middle of a call that lacks memory, lacks none: it is deadhand's own."""
    left = _native.fail_allocation(0)
    try:
        yield
    finally:
        _native.fail_allocation(left)


def run_short(call: Callable[..., Any], first: int, times: int, args: dict[str, Any], keep: Callable[[Any], None]) -> None:
    """Call with the `first`-th allocation failing, then the next, `times` times; no further than there are allocations to fail.

    A call that fails for want of memory may raise what it likes. Raises what a call raises that lacked none, and what is never right.
    """
    _under_way.yes = True
    try:
        for nth in range(first, first + times):
            _native.fail_allocation(nth)
            try:
                made = call(**args)
            except Exception as error:
                if _native.fail_allocation(0) or isinstance(error, _JUDGED):
                    raise
                continue
            sufficed = _native.fail_allocation(0)
            keep(made)
            if sufficed:
                return
    finally:
        _native.fail_allocation(0)
        _under_way.yes = False
