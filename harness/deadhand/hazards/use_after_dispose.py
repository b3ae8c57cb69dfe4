"""Use after dispose: call an operation on a handle that was explicitly ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, disposable_kinds, dispose, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class UseAfterDispose(Hazard):
    """Dispose of a handle, then use it."""

    name = "use after dispose"
    summary = "an operation is called on a handle that was disposed of"
    weight = 14

    def fits(self, target: Description) -> bool:
        return bool(disposable_kinds(target))

    def write(self, draft: Draft) -> None:
        variable = draft.need(draft.draw.choose(disposable_kinds(draft.target)))
        if variable is None:
            return
        if draft.draw.chance(30):
            use(draft, variable)
        dispose(draft, variable)
        for _ in range(1 + draft.draw.integer(0, 1)):
            use(draft, variable)
