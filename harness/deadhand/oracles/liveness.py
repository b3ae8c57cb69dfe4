"""Liveness: what was dropped and collected must be dead. A survivor is a leak, or a cycle that the collector cannot see.

One that dies when the library is called once more was released without the GIL: the release waits for somebody who has
it. Blind to objects that cannot be weakly referenced, and to late releases where the plan has no `@ledger` to call.
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
    late = {what for event in view.history.events if event[0] == H.LATE for what in event[1]}
    if late.issuperset(event[2] for event in survivors):
        if any(step.thread for _, step, _ in view.program.walk()):
            return []  # what waits for its own thread may wait
        names = ", ".join(event[2] for event in survivors[:4])
        detail = f"still alive after everything was dropped and collected, and dead once the library was called again: {names}"
        return [Finding("liveness", "deferred", detail, phase="collect", handles=tuple(event[2] for event in survivors))]
    cycle = any(hostile.cycle for _, step, _ in view.program.walk() for hostile in hostiles(step))
    names = ", ".join(event[2] for event in survivors[:4])
    detail = f"still alive after everything was dropped and collected: {names}"
    return [Finding("liveness", "cycle" if cycle else "leak", detail, phase="collect", handles=tuple(event[2] for event in survivors))]
