"""A step as the child executes it: numbered, with what its execution needs to know ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards import VERBS
from deadhand.model.program import Lent, Ref, refs_in

if TYPE_CHECKING:
    from deadhand.model.program import Step
    from deadhand.target.describe import Operation

SCALARS = frozenset((type(None), bool, int, float, str))
"""The types of values that stand for themselves."""


class Node:
    """A step, numbered, with what its execution needs to know ahead.

    Its arguments are sorted by what building them takes: `plain` ones stand for themselves, `handles` are looked up,
    `others` are built. `direct` are the names of all handles it is given; `lends` whether it lends one of its values.
    """

    __slots__ = ("bodies", "direct", "handles", "lends", "number", "operation", "others", "plain", "step", "verb")

    def __init__(self, number: int, step: Step, operation: Operation | None) -> None:
        self.number = number
        self.step = step
        self.operation = operation
        self.verb = VERBS.get(step.do) if operation is None else None
        self.lends = False
        self.bodies: dict[int, tuple[Node, ...]] = {}
        plain: dict[str, Any] = {}
        handles: list[tuple[str, str]] = []
        others: list[tuple[str, Any]] = []
        direct: list[str] = []
        for name, value in step.args.items():
            kind = value.__class__
            given: Any = value
            if kind in SCALARS:
                plain[name] = value
            elif kind is Ref:
                handles.append((name, given.name))
                direct.append(given.name)
            else:
                others.append((name, value))
                direct += refs_in(value)
                self.lends = self.lends or kind is Lent
        self.plain, self.handles, self.others, self.direct = plain, handles, others, tuple(direct)
