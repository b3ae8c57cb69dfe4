"""Overlap: two or three calls on one handle at once; one of them may dispose of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard
from deadhand.model.program import replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description, Operation


class Overlap(Hazard):
    """Calls that start together on free-running threads: use beside use, use beside dispose, dispose beside dispose."""

    name = "overlap"
    summary = "calls on one handle run at once on several threads, disposal included"
    weight = 8

    def fits(self, target: Description) -> bool:
        return any(handle.overlap and handle.threads == "any" for handle in target.kinds.values())

    def write(self, draft: Draft) -> None:
        kinds = [name for name, handle in draft.target.kinds.items() if handle.overlap and handle.threads == "any"]
        variable = draft.need(draft.draw.choose(kinds))
        if variable is None:
            return
        operations = draft.operations_on(variable.kind, lambda each: not each.creates)
        if not operations:
            return
        enders = [each for each in operations if each.ends]
        calls: list[Operation] = [draft.draw.choose(operations), draft.draw.choose(enders if enders and draft.draw.chance(60) else operations)]
        if draft.draw.chance(30):
            calls.append(draft.draw.choose(operations))
        for thread, operation in enumerate(calls):
            step, _ = draft.compose(operation, {variable.kind: variable}, hostile=False)
            if step is not None:
                draft.steps.append(replace(step, thread=thread, overlap=thread > 0))
