"""Raise in callback: the host's code fails in the middle of a native call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, use
from deadhand.hazards.draft import map_step
from deadhand.model.program import Ref, hostiles, replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class RaiseInCallback(Hazard):
    """A callback or a hostile value raises; then the handle is used again."""

    name = "raise in callback"
    summary = "a callback or a hostile value raises in the middle of a call"
    weight = 7

    def fits(self, target: Description) -> bool:
        return any(len(each.parameters) > len(each.handles) for each in target.operations.values())

    def write(self, draft: Draft) -> None:
        operations = [each for each in draft.target.operations.values() if len(each.parameters) > len(each.handles)]
        operation = draft.draw.least_tried(operations, lambda each: f"raise>{each.name}")
        before = len(draft.steps)
        draft.call(operation, hostile=True)
        if len(draft.steps) == before or not any(hostiles(draft.steps[-1])):
            return
        step = draft.steps[-1] = map_step(draft.steps[-1], lambda hostile: replace(hostile, raises=True))
        for name in operation.triggers[:1]:
            draft.call(draft.target.operations[name])
        for value in step.args.values():
            if isinstance(value, Ref) and (variable := draft.variable(value.name)) and draft.draw.chance(60):
                use(draft, variable)
