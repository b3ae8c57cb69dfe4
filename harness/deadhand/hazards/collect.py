"""Collect: run the garbage collector at an awkward point."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, elsewhere, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft


class Collect(Hazard):
    """Collect between two steps, now and then on another thread; any step may also run with the collector at every allocation."""

    name = "collect"
    summary = "the garbage collector runs at an awkward point"
    weight = 4
    verb = "collect"

    def write(self, draft: Draft) -> None:
        draft.thread = elsewhere(draft)
        draft.hazard("collect")
        draft.thread = 0
        held = draft.held()
        if held:
            use(draft, draft.draw.choose(held))

    def perform(self, child: Any, args: dict[str, Any]) -> None:  # noqa: ARG002  the verb takes nothing
        gc.collect()
