"""Epoch: an operation that is not called close ends the life of children or views (clear, resize, next, reopen)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Epoch(Hazard):
    """Make a child, end its epoch, use it."""

    name = "epoch"
    summary = "a child is used after an operation ended its epoch"
    weight = 14

    def fits(self, target: Description) -> bool:
        return any(each.invalidates for each in target.operations.values())

    def write(self, draft: Draft) -> None:
        operations = [each for each in draft.target.operations.values() if each.invalidates]
        operation = draft.draw.least_tried(operations, lambda each: f"epoch>{each.name}")
        kind = draft.draw.choose(operation.invalidates)
        child = draft.need(kind)
        if child is None:
            return
        given = {child.kind: child}
        for name in child.parents:
            parent = draft.variable(name)
            if parent is not None:
                given[parent.kind] = parent
        if draft.draw.chance(35):
            use(draft, child)
        for _ in range(1 + draft.draw.integer(0, 1)):
            draft.call(operation, given)
        use(draft, child)
