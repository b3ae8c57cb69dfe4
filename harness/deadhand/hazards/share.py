"""Share: a handle is used, disposed of or dropped on another thread than the one that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, dispose, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Share(Hazard):
    """Make a handle here, use it there, one thread at a time."""

    name = "share"
    summary = "a handle is used on another thread than its creator's"
    weight = 5

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        variable = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        draft.thread = 1 + draft.draw.integer(0, 1)
        use(draft, variable)
        if draft.draw.chance(35):
            if draft.draw.chance(50):
                draft.drop(variable)
            else:
                dispose(draft, variable)
        draft.thread = 0
        if not variable.dropped and draft.draw.chance(50):
            use(draft, variable)
