"""Flood: one side of a queue is faster than the other. A call is made again and again and nothing is taken out; or time passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, fits_beside
from deadhand.model.program import Ref

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.model.program import Value
    from deadhand.target.describe import Description


class Flood(Hazard):
    """Call an operation on a handle that says how much may pile up in it: as often as that, and 2, 4 and 8 times as often."""

    name = "flood"
    summary = "a call is made again and again, and nothing that it adds is taken out"
    weight = 8
    verb = "flood"

    def fits(self, target: Description) -> bool:
        return any(handle.bounded for handle in target.kinds.values())

    def write(self, draft: Draft) -> None:
        kind = draft.draw.choose([name for name, handle in draft.target.kinds.items() if handle.bounded])
        variable = draft.need(kind)
        if variable is None:
            return
        calls = draft.operations_on(kind, lambda each: not each.creates and not each.ends and fits_beside(each, "operation", "limit"))
        given: dict[str, Value] = {"operation": "", "limit": 0, "handle": Ref(variable.name)}
        if calls and not draft.draw.chance(25):  # else time passes: native code may add by itself
            operation = draft.draw.least_tried(calls, lambda each: f"flood>{each.name}")
            step, _ = draft.compose(operation, {kind: variable}, hostile=False)
            if step is None:
                return
            given = {"operation": step.do, "limit": draft.target.kinds[kind].bounded, **step.args}
        draft.hazard("flood", given)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        child.flood(args.pop("operation"), args.pop("limit"), args)
