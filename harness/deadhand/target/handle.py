"""A handle kind: a type of resource with a life."""

from __future__ import annotations

import copy
from typing import Any

from deadhand.target.contract import Expectation, must_raise, works


class Handle:
    """Declares a handle kind in the body of a Target: `cursor = Handle(parent=connection)`.

    parent: the kind (or tuple of kinds) it lives on.
    after_dispose: what a use of a disposed handle must do; default: raise any ordinary exception.
    when_parent_disposed: what a use must do once its parent is disposed; default: work or raise.
    second_dispose: what a second dispose must do; default: work or raise.
    threads: "any", or "creator" when only the thread that made it may touch it (others: raise).
    overlap: False when two calls at once on one handle are documented as not allowed.
    bounded: the most that may pile up in it when nobody takes anything out; what goes beyond must be refused, dropped or waited for.
    survives_exit: False when leaving the interpreter with it open is documented as not allowed.
    """

    def __init__(
        self,
        *,
        parent: Handle | tuple[Handle, ...] | None = None,
        after_dispose: Expectation = must_raise,
        when_parent_disposed: Expectation = works,
        second_dispose: Expectation = works,
        threads: str = "any",
        overlap: bool = True,
        bounded: int | None = None,
        survives_exit: bool = True,
    ) -> None:
        self.parents: tuple[Handle, ...] = parent if isinstance(parent, tuple) else () if parent is None else (parent,)
        self.after_dispose = after_dispose
        self.when_parent_disposed = when_parent_disposed
        self.second_dispose = second_dispose
        self.threads = threads
        self.overlap = overlap
        self.bounded = bounded
        self.survives_exit = survives_exit
        self.name = ""
        for name, value in (
            ("after_dispose", after_dispose),
            ("when_parent_disposed", when_parent_disposed),
            ("second_dispose", second_dispose),
        ):
            if not isinstance(value, Expectation):
                message = f"Handle({name}=…) takes raises(SomeError) or works, not {value!r}"
                raise TypeError(message)
        if threads not in ("any", "creator"):
            message = f'Handle(threads=…) is "any" or "creator", not {threads!r}'
            raise TypeError(message)
        if bounded is not None and (type(bounded) is not int or bounded < 1):
            message = f"Handle(bounded=…) is a number of things, 1 or more, not {bounded!r}"
            raise TypeError(message)
        if not all(isinstance(each, Handle) for each in self.parents):
            message = f"Handle(parent=…) takes a Handle declared above it, or a tuple of them, not {parent!r}"
            raise TypeError(message)

    def within(self, module: object) -> Handle:
        """The same kind, with the exceptions that its contract names found in `module`."""
        found = copy.copy(self)
        found.after_dispose = self.after_dispose.within(module)
        found.when_parent_disposed = self.when_parent_disposed.within(module)
        found.second_dispose = self.second_dispose.within(module)
        return found

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def __repr__(self) -> str:
        return f"<handle kind {self.name or '?'}>"

    def __call__(self, *_: Any, **__: Any) -> None:
        message = f"{self!r} is a declaration, not a function; operations are decorated with @creates({self.name})"
        raise TypeError(message)
