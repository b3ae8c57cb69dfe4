"""Reinitialise: the constructor runs a second time on a living object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, use
from deadhand.model.program import Ref

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Reinitialise(Hazard):
    """Run `__init__` again, as the operation that made the handle would, then use the handle or its children."""

    name = "reinitialise"
    summary = "__init__ runs a second time on a living object"
    weight = 4
    verb = "reinitialise"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        variable = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        draft.hazard("reinitialise", handle=Ref(variable.name))
        use(draft, draft.draw.choose([variable, *[each for each in draft.children(variable) if not each.dropped]]))

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        child.reinitialise(args["handle"])
