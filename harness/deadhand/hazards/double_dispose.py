"""Double dispose: end one handle twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard, disposable_kinds, dispose, use

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class DoubleDispose(Hazard):
    """Dispose of a handle twice, sometimes with another life begun in between."""

    name = "double dispose"
    summary = "a handle is disposed of twice"
    weight = 7

    def fits(self, target: Description) -> bool:
        return bool(disposable_kinds(target))

    def write(self, draft: Draft) -> None:
        kind = draft.draw.choose(disposable_kinds(draft.target))
        variable = draft.need(kind)
        if variable is None:
            return
        dispose(draft, variable)
        other = draft.create(kind) if draft.draw.chance(35) else None
        dispose(draft, variable)
        if other is not None:
            use(draft, other)
