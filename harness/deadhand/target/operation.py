"""Decorators that say what an operation does to handles. They only mark the function; `describe` reads the marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from deadhand.target.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.target.contract import Expectation

F = TypeVar("F", bound="Callable[..., Any]")
MARKS = "__deadhand__"


def _mark(function: Any, **marks: Any) -> Any:
    if not callable(function):
        message = f"this decorator goes on a method of a Target, not on {function!r}"
        raise TypeError(message)
    known = function.__dict__.setdefault(MARKS, {"roles": ()})
    known["roles"] = (*known["roles"], marks.pop("role"))
    for name, value in marks.items():
        if value is not None and value != ():
            known[name] = value
    return function


def _decorator(role: str, given: tuple[Any, ...], *, kinds: bool = False, **marks: Any) -> Any:
    """Serve `@uses`, `@uses(…)`, `@disposes(kind, …)` with one body."""
    if len(given) == 1 and callable(given[0]) and not isinstance(given[0], Handle):
        return _mark(given[0], role=role, **marks)
    if kinds:
        if not all(isinstance(kind, Handle) for kind in given):
            message = f"@{role}(…) takes handle kinds declared in the class body (name = Handle()), not {given!r}"
            raise TypeError(message)
        marks[f"{role}_kinds"] = given
    elif given:
        message = f"@{role} takes no positional argument, got {given!r}"
        raise TypeError(message)
    return lambda function: _mark(function, role=role, **marks)


def creates(*kind: Any, triggers: str | tuple[str, ...] = ()) -> Any:
    """The operation returns a new handle of `kind`."""
    return _decorator("creates", kind, kinds=True, triggers=triggers)


def uses(
    *function: Any,
    triggers: str | tuple[str, ...] = (),
    keeps: bool = False,
    after_dispose: Expectation | None = None,
) -> Any:
    """The operation uses the handles it is given.

    triggers: names of the operations that reach what this one registers. keeps: the library documents that it keeps the
    objects it is given for ever. after_dispose: overrides the contract of the handle for this operation.
    """
    return _decorator("uses", function, triggers=triggers, keeps=keeps or None, after_dispose=after_dispose)


def disposes(*kind: Any) -> Any:
    """The operation ends the life of the handle of `kind` it is given; given none, of every handle of that kind."""
    return _decorator("disposes", kind, kinds=True)


def invalidates(*kind: Any) -> Any:
    """The operation ends the life of the handles of `kind` that come from what it is given (clear, resize, next …)."""
    return _decorator("invalidates", kind, kinds=True)


def restarts(*function: Any) -> Any:
    """The operation shuts the library down and starts it again: the life of every handle of the plan ends."""
    return _decorator("restarts", function)


def reads(*function: Any, after_dispose: Expectation | None = None) -> Any:
    """The answer belongs to the object: once its life or epoch has ended, a read must raise or give the last answer."""
    return _decorator("reads", function, after_dispose=after_dispose)


def identity(*function: Any) -> Any:
    """The answer is unique among live objects and never changes for one handle."""
    return _decorator("identity", function)


def ledger(*function: Any) -> Any:
    """The function returns how many native objects are alive; it must be back where it began at the end."""
    return _decorator("ledger", function)


def unsafe(why: str) -> Callable[[F], F]:
    """The library documents the operation as unsafe; it is left out unless asked for. `why` quotes the document."""
    if not isinstance(why, str) or not why.strip():
        message = '@unsafe("why") needs the reason, as the library documents it'
        raise TypeError(message)
    return lambda function: _mark(function, role="unsafe", unsafe=why)
