"""Uninitialised: an object made by `T.__new__(T)`, never initialised, then used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, look, use
from deadhand.model.program import Ref

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class Uninitialised(Hazard):
    """Make a handle's type without its constructor, then use it."""

    name = "uninitialised"
    summary = "an object whose constructor never ran is used"
    weight = 4
    verb = "uninitialised"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        like = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if like is None:
            return
        made = draft.add_variable(like.kind, ())
        made.ended = True
        draft.hazard("uninitialised", out=made.name, handle=Ref(like.name))
        for _ in range(1 + draft.draw.integer(0, 1)):
            if draft.draw.chance(25):
                look(draft, made)
            else:
                use(draft, made)

    def perform(self, child: Any, args: dict[str, Any]) -> object:  # noqa: ARG002  one shape for all verbs
        kind: Any = type(args["handle"])
        return kind.__new__(kind)
