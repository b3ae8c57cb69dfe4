"""Pressure: create many of one kind after a dispose, so that stale memory is somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards import weights
from deadhand.hazards.base import Hazard, dispose, fits_beside, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.model.program import Value
    from deadhand.target.describe import Description


class Pressure(Hazard):
    """End a handle, create 20 to 50 of its kind, use the ended one or its child."""

    name = "pressure"
    summary = "many handles of a kind are created after one ended"
    weight = 6
    verb = "pressure"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        kind = draft.draw.choose(list(draft.target.kinds))
        variable = draft.need(kind)
        if variable is None:
            return
        children = draft.children(variable)
        if not dispose(draft, variable):
            if not children:
                return
            draft.drop(variable)
        creators = [each for each in draft.target.creators(kind) if fits_beside(each, "operation", "times")]
        if not creators:
            return
        step, made = draft.compose(draft.draw.choose(creators), {}, hostile=False)
        if step is None or made is None:
            return
        draft.variables.remove(made)
        times = draft.draw.integer(*weights.PRESSURE)
        given: dict[str, Value] = {"operation": step.do, "times": times, **step.args}
        draft.hazard("pressure", given)
        use(draft, children[-1] if children else variable)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        operation, times = child.operation(args.pop("operation")), args.pop("times")
        for _ in range(times):
            child.keep(operation(**args))
