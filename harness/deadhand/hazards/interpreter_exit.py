"""Interpreter exit: leave with every handle still alive in a module's globals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.base import Hazard

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.target.describe import Description


class InterpreterExit(Hazard):
    """End the program by a real interpreter exit. It costs a child, so only the last program of a batch does it."""

    name = "interpreter exit"
    summary = "the interpreter exits with live handles"
    weight = 0

    def fits(self, target: Description) -> bool:
        return all(handle.survives_exit for handle in target.kinds.values())

    def write(self, draft: Draft) -> None:
        for kind in draft.target.kinds:
            if draft.draw.chance(50):
                draft.need(kind)
        draft.ending = "exit"
