"""Calls in which one allocation of the interpreter fails: the first, then the second, until there are no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand import _native

if TYPE_CHECKING:
    from collections.abc import Callable

_JUDGED = (SystemError, AssertionError)
"""What no failed allocation excuses: a C function that broke the protocol, and what the plan itself says is wrong."""


def run_short(call: Callable[..., Any], first: int, times: int, args: dict[str, Any], keep: Callable[[Any], None]) -> None:
    """Call with the `first`-th allocation failing, then the next, `times` times; no further than there are allocations to fail.

    A call that fails for want of memory may raise what it likes. Raises what a call raises that lacked none, and what is never right.
    """
    for nth in range(first, first + times):
        _native.fail_allocation(nth)
        try:
            made = call(**args)
        except Exception as error:
            if _native.allocations_sufficed() or isinstance(error, _JUDGED):
                raise
            continue
        except BaseException:
            _native.allocations_sufficed()
            raise
        sufficed = _native.allocations_sufficed()
        keep(made)
        if sufficed:
            return
