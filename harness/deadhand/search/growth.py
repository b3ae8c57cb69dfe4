"""Repeat a program in one child under the page guard, and say what each repetition adds, beside what an empty one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812
from deadhand.model.program import Program
from deadhand.oracles import judge
from deadhand.oracles.growth import steady
from deadhand.worker.evidence import GUARD

if TYPE_CHECKING:
    from deadhand.model.history import History
    from deadhand.model.verdict import Finding
    from deadhand.worker.controller import Lane

REPETITIONS = 24
"""Enough to see whether a program is worth a longer look."""


def growth(lane: Lane, program: Program, runs: int) -> Finding | None:
    """What `program` adds at every repetition, if it adds more than the noise that is measured beside it."""
    if lane.mode != GUARD or program.ending == "exit":
        return None
    return judge_repeated(lane, program, lane.run([program] * runs).histories, runs)


def judge_repeated(lane: Lane, program: Program, histories: list[History], runs: int) -> Finding | None:
    """The same of repetitions that have run."""
    grew = _grown(histories, runs)
    if grew is None or not any(grew):
        return None
    floor = _grown(lane.run([Program(())] * runs).histories, runs)
    if floor is None:
        return None
    last = histories[-1]
    left = next(event[5] for event in reversed(last.events) if event[0] == H.LEFT)
    last.events.append([H.GREW, runs, grew, floor, left])
    findings = judge(lane.target, program, last)
    return findings[0] if [each.oracle for each in findings] == ["growth"] else None  # what others see as well, they tell better


def _grown(histories: list[History], runs: int) -> list[int] | None:
    """None when a repetition is missing: it died, or was never begun."""
    if len(histories) < runs or not all(each.complete for each in histories):
        return None
    series = [event[1:5] for each in histories for event in each.events if event[0] == H.LEFT]
    return steady(series) if len(series) == runs else None
