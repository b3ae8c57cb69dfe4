"""What a target promises of a handle that is gone."""

from __future__ import annotations

import msgspec


class Expectation(msgspec.Struct, frozen=True):
    """Which outcomes of a call are within the contract.

    `names` are the dotted names of exception classes any of which (or a subclass) may be raised; one without a dot is
    a class of the target's `module`. `may_return` allows the call to succeed as well.
    """

    names: tuple[str, ...]
    may_return: bool = False

    def allows_exception(self, mro: tuple[str, ...] | list[str]) -> bool:
        """Whether an exception whose class and bases have these dotted names is within the contract."""
        return any(name in self.names for name in mro)

    def within(self, module: object) -> Expectation:
        """The same with every class of `module` found. Raises AttributeError naming one that it does not have."""
        if all("." in name for name in self.names):
            return self
        names = tuple(name if "." in name else dotted(getattr(module, name)) for name in self.names)
        return Expectation(names, may_return=self.may_return)

    def __str__(self) -> str:
        raised = "raise " + " or ".join(name.removeprefix("builtins.") for name in self.names)
        return f"work or {raised}" if self.may_return and self.names else "work" if self.may_return else raised


def dotted(kind: type) -> str:
    """The dotted name of a class, as it is compared across processes."""
    return f"{kind.__module__}.{kind.__qualname__}"


def raises(*kinds: type[BaseException] | str, or_works: bool = False) -> Expectation:
    """The call must raise one of `kinds` (or a subclass); with `or_works=True` it may also return.

    A text is the name of a class in the target's `module`, for a plan that is used on more than one library.
    Raises TypeError when `kinds` is empty or holds something that is neither a name nor an exception class.
    """
    if not kinds or not all(_names_an_exception(kind) for kind in kinds):
        message = f"raises(…) takes one or more exception classes, not {kinds!r}; e.g. raises(ValueError)"
        raise TypeError(message)
    return Expectation(tuple(kind if isinstance(kind, str) else dotted(kind) for kind in kinds), may_return=or_works)


def _names_an_exception(kind: object) -> bool:
    return kind.isidentifier() if isinstance(kind, str) else isinstance(kind, type) and issubclass(kind, BaseException)


works = Expectation((dotted(Exception),), may_return=True)
"""The call may return or raise any ordinary exception: nothing is promised but survival."""

must_raise = raises(Exception)
"""The default for a disposed handle: any ordinary exception."""
