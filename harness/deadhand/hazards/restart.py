"""Restart: the library is shut down and started again; handles of its first life meet the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Restart(Hazard):
    """Call an operation that the plan marks with `@restarts`, make new handles in the place of the old ones, and use the old ones."""

    name = "restart"
    summary = "the library is shut down and started again under its handles"
    weight = 14

    def fits(self, target: Description) -> bool:
        return bool(target.kinds) and any(each.restarts for each in target.operations.values())

    def write(self, draft: Draft) -> None:
        old = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if old is None:
            return
        if draft.draw.chance(30):
            use(draft, old)
        draft.call(draft.draw.choose([each for each in draft.target.operations.values() if each.restarts]))
        for _ in range(draft.draw.integer(0, 2)):
            draft.create(old.kind)
        for _ in range(1 + draft.draw.integer(0, 1)):
            use(draft, old)
