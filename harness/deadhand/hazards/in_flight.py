"""In flight: an awaited call is cancelled, dropped, left without its loop, or driven without any; then the handle is used again."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from deadhand.hazards import weights
from deadhand.hazards.base import Hazard, use
from deadhand.model.program import replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description, Operation


def awaited(target: Description) -> list[Operation]:
    """The operations that are `async def`."""
    return [each for each in target.operations.values() if inspect.iscoroutinefunction(each.function)]


class InFlight(Hazard):
    """End an `async def` operation at one of its awaits, then ask again for what it asked."""

    name = "in flight"
    summary = "an await is cancelled or dropped, or its event loop is closed"
    weight = 24

    def fits(self, target: Description) -> bool:
        return bool(awaited(target))

    def write(self, draft: Draft) -> None:
        flight = draft.draw.weighted(weights.FLIGHT)
        operation = draft.draw.least_tried(awaited(draft.target), lambda each: f"flight>{flight}>{each.name}")
        given = {each.kind: variable for each in operation.handles if (variable := draft.need(each.kind)) is not None}
        before = len(draft.steps)
        draft.call(operation, given, hostile=False)
        if len(draft.steps) == before:
            return
        draft.steps[-1] = replace(draft.steps[-1], flight=flight, pause=draft.draw.weighted(weights.PAUSE))
        left = [each for each in given.values() if not each.dropped]
        if draft.draw.chance(40):
            draft.call(operation, given, hostile=False)
        elif left and draft.draw.chance(60):
            use(draft, draft.draw.choose(left))
