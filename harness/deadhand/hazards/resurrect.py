"""Resurrect: a handle is given back by a finalizer after its own finalizer has run, then used.

The collector runs all finalizers of a garbage cycle, and the callbacks of weak references to it, before it looks whether one of them has made
something reachable again (PEP 442). What comes back may have lost its native half.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard, dispose, use
from deadhand.model.program import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description

_MOST = 4


class Phoenix:
    """Garbage in a cycle of its own, with handles; as it dies it gives them back."""

    def __init__(self, handles: dict[str, Any], give: Callable[[dict[str, Any]], object]) -> None:
        self.handles = handles
        self.give = give
        self.me = self

    def __del__(self) -> None:
        self.give(self.handles)


class Resurrect(Hazard):
    """Leave a handle, and what was made from it, to the collector in a cycle whose finalizer gives them back; then use them."""

    name = "resurrect"
    summary = "a finalizer gives a handle back after the handle's own finalizer has run"
    weight = 4
    verb = "resurrect"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        variable = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        if draft.draw.chance(30):
            use(draft, variable)
        left = [variable, *[each for each in draft.children(variable) if not each.dropped]][:_MOST]
        draft.hazard("resurrect", {"handle" if not at else f"other{at}": Ref(each.name) for at, each in enumerate(left)})
        for each in left:
            each.ended = True
        for _ in range(1 + draft.draw.integer(0, 1)):
            back = draft.draw.choose(left)
            if not draft.draw.chance(15) or not dispose(draft, back):
                use(draft, back)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        names = child.names
        handles = dict(zip(names, args.values(), strict=False))
        args.clear()
        for name in names:
            child.forget(name)
        Phoenix(handles, child.held.update)
        del handles
        gc.collect()
