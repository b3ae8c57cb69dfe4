"""Two of a kind in turn: end one, make another, and ask the old one who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, dispose, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class TwoOfAKind(Hazard):
    """Make one, end or drop it, make another: ids, slots and addresses are used again."""

    name = "two of a kind"
    summary = "a handle is made right after one of its kind ended"
    weight = 10

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        kind = draft.draw.choose(list(draft.target.kinds))
        first = draft.need(kind)
        if first is None:
            return
        if draft.draw.chance(40):
            use(draft, first)
        second = draft.create(kind) if draft.draw.chance(30) else None
        if not dispose(draft, first) or draft.draw.chance(15):
            draft.drop(first)
        second = draft.create(kind) or second
        left = [each for each in (first, second, *draft.children(first)) if each is not None and not each.dropped]
        for _ in range(1 + draft.draw.integer(0, 1)):
            if left:
                use(draft, draft.draw.choose(left))
