"""Run a program alone in fresh children and say whether it shows a given finding."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from deadhand.errors import PlanError
from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import setup_failure
from deadhand.oracles import judge
from deadhand.search.growth import growth
from deadhand.search.signature import symptom

if TYPE_CHECKING:
    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.model.verdict import Finding
    from deadhand.worker.controller import Lane

GROWTH_RUNS = 300
"""Repetitions in one child that tell a leak, which grows with them, from a cache, which stops growing."""

_GROWTH_QUICK = 12
_SURE = 2  # more runs that a candidate must show it in


def alike(finding: Finding, like: Finding, program: Program, like_program: Program) -> bool:
    """Whether two findings are one bug as far as a shrinker should care: same oracle, symptom, and failing operation."""
    if finding.oracle != like.oracle or finding.certain != like.certain:
        return False
    if finding.oracle == "liveness":
        return (finding.kind == "deferred") == (like.kind == "deferred")
    if finding.oracle == "growth":
        return finding.kind == like.kind
    if symptom(finding) != symptom(like):
        return False
    met = _met(like, like_program)
    return _where(finding, program) in met if met else _where(finding, program) == _where(like, like_program)


def _is_repeated(finding: Finding) -> bool:
    """Whether one run does not tell: it must grow with every repetition in one child."""
    return finding.oracle in ("liveness", "growth") and finding.kind not in ("deferred", "queue")


def _met(finding: Finding, program: Program) -> set[str]:
    """For a controlled program whose finding shows in an overlap group: the operations that met there. Which of them it strikes is the schedule's choice."""
    if program.schedule is None or program.schedule.mode != "controlled" or not finding.step:
        return set()
    numbers = [number for number, _, inside in program.walk() if not inside]
    group = next((region for region in program.regions() if any(numbers[at] == finding.step for at in region)), range(0))
    return {program.steps[at].do for at in group}


def _where(finding: Finding, program: Program) -> str:
    """The operation that was under way, or "after" when the steps were over."""
    if not finding.step:
        return "exit" if finding.phase == "exit" else "after"
    name = next((step.do for number, step, _ in program.walk() if number == finding.step), "after")
    return "after" if name == "@collect" else name  # at the end everything is collected, too


class Trial:
    """Tries candidates against one finding of one program in one lane."""

    def __init__(self, lane: Lane, program: Program, finding: Finding, *, tries: int = 1) -> None:
        self.lane = lane
        self.program = program
        self.finding = finding
        self.tries = tries
        self.last: History | None = None

    def shows(self, candidate: Program) -> Finding | None:
        """The finding that `candidate` shows alone in a fresh child, within the allowed tries; None when it does not."""
        if _is_repeated(self.finding):
            return self._repeated(candidate, _GROWTH_QUICK)
        for _ in range(self.tries):
            found = self._once(candidate)
            if found is not None:
                return found
        return None

    def shows_surely(self, candidate: Program) -> Finding | None:
        """Like `shows`, but where the finding shows every time, the candidate must do so too: one that was lucky once leads astray.

        Not of a hang, which costs seconds, nor of what is repeated in one child anyhow, nor of threads that run as they like.
        """
        found = self.shows(candidate)
        free = bool(candidate.regions()) and candidate.schedule is None
        if free or self.tries > 1 or self.finding.oracle == "hang" or _is_repeated(self.finding):
            return found
        for _ in range(_SURE):
            found = found and self.shows(candidate)
        return found

    def count(self, candidate: Program, runs: int) -> tuple[int, Finding | None]:
        """In how many of `runs` fresh children `candidate` shows it, and what it then showed last."""
        if _is_repeated(self.finding):
            found = self._repeated(candidate, GROWTH_RUNS)
            return (runs, found) if found is not None else (0, None)
        shown = [found for _ in range(runs) if (found := self._once(candidate)) is not None]
        return len(shown), shown[-1] if shown else None

    def rate(self, candidate: Program, runs: int, enough: int, seconds: float) -> tuple[int, int]:
        """(times shown, runs): until `enough` have shown it, `runs` are done, or `seconds` are over."""
        if _is_repeated(self.finding):
            return (1, 1) if self._repeated(candidate, _GROWTH_QUICK) is not None else (0, 1)
        until = time.monotonic() + seconds
        shown = done = 0
        while done < runs and shown < enough and (not done or time.monotonic() < until):
            done += 1
            shown += self._once(candidate) is not None
        return shown, done

    def _once(self, candidate: Program) -> Finding | None:
        history = self.last = self.lane.run_one(candidate)
        self._check_setup(history)
        for found in judge(self.lane.target, candidate, history):
            if alike(found, self.finding, candidate, self.program):
                return found
        return None

    def _check_setup(self, history: History) -> None:
        if (broken := setup_failure(history)) is not None:
            raise PlanError(f"{self.lane.target.name}: setup failed: {broken}", remedy="correct the plan's setup(): it runs before every program, in a child")

    def _repeated(self, candidate: Program, runs: int) -> Finding | None:
        if self.finding.oracle == "liveness":
            return self._grows(candidate, runs)
        found = growth(self.lane, candidate, runs)
        return found if found is not None and alike(found, self.finding, candidate, self.program) else None

    def _grows(self, candidate: Program, runs: int) -> Finding | None:
        """A survivor counts as a leak only when each repetition in one child leaves one more."""
        batch = self.lane.run([candidate] * runs)
        self._check_setup(batch.histories[0])
        if len(batch.histories) < runs or not batch.histories[-1].complete:
            return None
        alive = next((event[1] for event in reversed(batch.histories[-1].events) if event[0] == H.ALIVE), 0)
        if alive < runs:
            return None
        findings = judge(self.lane.target, candidate, batch.histories[-1])
        return next((each for each in findings if each.oracle == "liveness"), None)


def tries_for(shown: int, runs: int) -> int:
    """How often a candidate must be tried so that a flaky finding of this rate is missed in at most 5 of 100 cases."""
    if shown >= runs:
        return 1
    rate = max(shown / runs, 0.02)
    return min(60, math.ceil(math.log(0.05) / math.log(1 - rate)))
