"""Liveness: what was dropped and collected must be dead. A survivor is a leak, or a cycle that the collector cannot see.

Blind to objects that cannot be weakly referenced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812
from deadhand.model.program import hostiles
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """At most one finding, naming every survivor that the plan does not say the library keeps."""
    survivors = [event for event in view.history.events if event[0] == H.SURVIVOR and not event[4]]
    if not survivors:
        return []
    cycle = any(hostile.cycle for _, step, _ in view.program.walk() for hostile in hostiles(step))
    names = ", ".join(event[2] for event in survivors[:4])
    detail = f"still alive after everything was dropped and collected: {names}"
    return [Finding("liveness", "cycle" if cycle else "leak", detail, phase="collect", handles=tuple(event[2] for event in survivors))]
