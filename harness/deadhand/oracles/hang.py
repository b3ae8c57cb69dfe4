"""Hang: no step began or ended for the time the settings allow. Blind to slowness below that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.history import FORK_EXIT
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """At most one finding."""
    death = view.history.death
    if death is None or death.kind != "hang":
        return []
    open_ = view.history.open_steps()
    step = abs(open_[-1]) if open_ else 0
    phase = view.history.phase()
    if phase == FORK_EXIT:  # the forked process was leaving: as at any other exit, no step of the program was under way
        step, phase = 0, "exit"
    where = f"in step {step}" if step else f"in the phase '{phase}'"
    return [Finding("hang", "hang", f"nothing moved for {death.name} {where}; the process was killed", step, phase)]
