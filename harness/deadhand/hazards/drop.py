"""Drop: let go of the program's reference to a handle, on a chosen thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, elsewhere, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Drop(Hazard):
    """Drop a handle, now and then on another thread, then use what is left."""

    name = "drop"
    summary = "the last reference to a handle is dropped"
    weight = 6
    verb = "drop"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        held = draft.held()
        variable = draft.draw.choose(held) if held else draft.create(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        draft.thread = elsewhere(draft)
        draft.drop(variable)
        draft.thread = 0
        left = draft.held()
        if left and draft.draw.chance(70):
            use(draft, draft.draw.choose(left))

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        args.clear()
        for name in child.names:
            child.forget(name)
