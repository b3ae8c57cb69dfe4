"""Cycle: only the collector can free what is in a cycle, if native code lets it see, and it frees in an order of its own.

Two forms: an object given to the library holds the handles of the same call, the one that it makes included; or handles are left in a cycle of our own
(`@cycle`), so that their finalizers run wherever the collector happens to run next, inside an operation for instance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, elsewhere, use
from deadhand.hazards.draft import map_step
from deadhand.model.program import Ref, hostiles, replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description, Operation


def slots(target: Description) -> list[Operation]:
    """The operations through which the library may come to hold an object of ours."""
    return [each for each in target.operations.values() if len(each.parameters) > len(each.handles)]


class Knot:
    """Holds itself and handles: garbage as soon as the step is over."""

    def __init__(self, handles: list[Any]) -> None:
        self.handles = handles
        self.me = self


class Cycle(Hazard):
    """Cycles through the library's slots, which must not leak, and cycles of our own, which must not hurt."""

    name = "cycle"
    summary = "handles are in a cycle that only the collector can free"
    weight = 16
    verb = "cycle"

    def write(self, draft: Draft) -> None:
        operations = slots(draft.target)
        if operations and draft.draw.chance(60):
            self.through_slot(draft, operations)
        else:
            self.of_our_own(draft)

    def through_slot(self, draft: Draft, operations: list[Operation]) -> None:
        """Give the library an object that holds what it was given with; a callback more often than not, for it is kept."""
        kept = [each for each in operations if any(parameter.role == "callback" for parameter in each.parameters)]
        if kept and draft.draw.chance(60):
            operations = kept
        operation = draft.draw.least_tried(operations, lambda each: f"cycle>{each.name}")
        before = len(draft.steps)
        made = draft.call(operation, hostile=True)
        if len(draft.steps) == before or not any(hostiles(draft.steps[-1])):
            return
        draft.steps[-1] = map_step(draft.steps[-1], lambda hostile: replace(hostile, cycle=True))
        if made is not None and draft.draw.chance(30):
            use(draft, made)

    def of_our_own(self, draft: Draft) -> None:
        """Leave a handle, sometimes with a relative, to the collector; then have it run inside an operation."""
        if not draft.target.kinds:
            return
        variable = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        left = [variable]
        relatives = [each for each in (*draft.children(variable), *map(draft.variable, variable.parents)) if each is not None and not each.dropped]
        if relatives and draft.draw.chance(60):
            left.append(draft.draw.choose(relatives))
        draft.hazard("cycle", {name: Ref(each.name) for name, each in zip(("handle", "other"), left, strict=False)})
        for each in left:
            each.dropped = True
        if draft.draw.chance(25):
            draft.thread = elsewhere(draft)
            draft.hazard("collect")
            draft.thread = 0
            return
        operations = [each for each in draft.target.operations.values() if not each.disposes]
        if operations:
            before = len(draft.steps)
            draft.call(draft.draw.least_tried(operations, lambda each: f"stress>{each.name}"))
            if len(draft.steps) > before and draft.draw.chance(50):
                draft.steps[-1] = replace(draft.steps[-1], stress=True)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        Knot(list(args.values()))
        args.clear()
        for name in child.names:
            child.forget(name)
