"""Creator ends: the thread that made a handle is over; what the library kept for that thread has gone with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, dispose, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class CreatorEnds(Hazard):
    """Make a handle on a thread, end the thread, use the handle elsewhere, let go of it."""

    name = "creator ends"
    summary = "a handle outlives the thread that made it"
    weight = 4
    verb = "end_thread"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds) and "share" not in target.skip_hazards

    def write(self, draft: Draft) -> None:
        draft.thread = 1
        variable = draft.create(draft.draw.choose(list(draft.target.kinds)))
        draft.thread = 0
        if variable is None:
            return
        draft.hazard("end_thread", thread=1)
        if draft.draw.chance(70):
            use(draft, variable)
        if draft.draw.chance(60) and not dispose(draft, variable) and "drop" not in draft.target.skip_hazards:
            draft.drop(variable)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        child.end_thread(args["thread"])
