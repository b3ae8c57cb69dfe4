"""Identity: unique among live objects, the same for one handle for ever. Sees stale handles (ABA); memory tools cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.verdict import Finding
from deadhand.oracles.observation import ending_step

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """One finding for each answer that belongs to another object."""
    timeline = view.timeline
    answers: dict[tuple[str, str], tuple[str, int, int]] = {}
    findings = []
    for ran in timeline.ran:
        operation = timeline.operation(ran)
        if operation is None or not operation.identity or ran.shown is None or not ran.states or ran.concurrent:
            continue
        state = ran.states[0]
        if state.unsure or state.uninitialised:
            continue
        end = ending_step(state)
        mine = answers.get((operation.name, state.name))
        before = mine[0] if mine else next((shown for at, shown in timeline.observed.get(ran.number, ()) if at <= end), None)
        if before is not None and before != ran.shown:
            detail = f"step {ran.number} says {state.name} is {ran.shown}; before it was {before}"
            findings.append(Finding("identity", "another object", detail, ran.number, handles=(state.name,)))
        for (name, other), (shown, at, ended) in answers.items():
            if name == operation.name and other != state.name and shown == ran.shown and not end and not ended and not _gone(view, other):
                detail = f"step {ran.number} says {state.name} is {shown}, which is what step {at} said of {other}, still alive"
                findings.append(Finding("identity", "two the same", detail, ran.number, handles=(state.name, other)))
        answers[(operation.name, state.name)] = (ran.shown, ran.number, end)
    return findings


def _gone(view: View, name: str) -> bool:
    life = view.timeline.lives[name]
    return bool(life.disposed or life.ended or life.dropped)
