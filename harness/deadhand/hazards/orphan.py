"""Orphan: the parent is disposed of first, then its child is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, child_kinds, child_of, dispose, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Orphan(Hazard):
    """Dispose of a parent, then use, or dispose of, its child."""

    name = "orphan"
    summary = "a parent is disposed of before its child"
    weight = 14

    def fits(self, target: Description) -> bool:
        return bool(child_kinds(target))

    def write(self, draft: Draft) -> None:
        pair = child_of(draft, draft.draw.choose(child_kinds(draft.target)))
        if pair is None:
            return
        child, parent = pair
        if draft.draw.chance(35):
            use(draft, child)
        if not dispose(draft, parent):
            draft.drop(parent)
        if draft.draw.chance(20):
            draft.hazard("collect")
        for _ in range(1 + draft.draw.integer(0, 1)):
            if draft.draw.chance(15) and dispose(draft, child):
                continue
            use(draft, child)
