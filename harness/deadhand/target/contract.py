"""What a target promises of a handle that is gone."""

from __future__ import annotations

import msgspec


class Expectation(msgspec.Struct, frozen=True):
    """Which outcomes of a call are within the contract.

    `names` are the dotted names of exception classes any of which (or a subclass) may be raised; `may_return` allows the
    call to succeed as well.
    """

    names: tuple[str, ...]
    may_return: bool = False

    def allows_exception(self, mro: tuple[str, ...] | list[str]) -> bool:
        """Whether an exception whose class and bases have these dotted names is within the contract."""
        return any(name in self.names for name in mro)

    def __str__(self) -> str:
        raised = "raise " + " or ".join(name.removeprefix("builtins.") for name in self.names)
        return f"work or {raised}" if self.may_return and self.names else "work" if self.may_return else raised


def dotted(kind: type) -> str:
    """The dotted name of a class, as it is compared across processes."""
    return f"{kind.__module__}.{kind.__qualname__}"


def raises(*kinds: type[BaseException], or_works: bool = False) -> Expectation:
    """The call must raise one of `kinds` (or a subclass); with `or_works=True` it may also return.

    Raises TypeError when `kinds` is empty or holds something that is no exception class.
    """
    if not kinds or not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
        message = f"raises(…) takes one or more exception classes, not {kinds!r}; e.g. raises(ValueError)"
        raise TypeError(message)
    return Expectation(tuple(dotted(kind) for kind in kinds), may_return=or_works)


works = Expectation((dotted(Exception),), may_return=True)
"""The call may return or raise any ordinary exception: nothing is promised but survival."""

must_raise = raises(Exception)
"""The default for a disposed handle: any ordinary exception."""
