"""Outlive: keep the child, drop the last reference to its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, child_kinds, child_of, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Outlive(Hazard):
    """Drop a parent, let its memory be reused, then use its child."""

    name = "outlive"
    summary = "a child is used after the last reference to its parent was dropped"
    weight = 12

    def fits(self, target: Description) -> bool:
        return bool(child_kinds(target))

    def write(self, draft: Draft) -> None:
        pair = child_of(draft, draft.draw.choose(child_kinds(draft.target)))
        if pair is None:
            return
        child, parent = pair
        if draft.draw.chance(25):
            use(draft, child)
        draft.drop(parent)
        for name in parent.parents:
            above = draft.variable(name)
            if above is not None and above.live and draft.draw.chance(40):
                draft.drop(above)
        if draft.draw.chance(40):
            draft.hazard("collect")
        if draft.draw.chance(55):
            draft.create(parent.kind)
        use(draft, child)
