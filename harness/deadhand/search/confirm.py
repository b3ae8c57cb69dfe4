"""From a suspicion in a warm child to a kept case: repeat alone, minimise, choose the plainest evidence, name it."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import deadhand
from deadhand.model.case import Case, Environment
from deadhand.model.program import replace
from deadhand.model.verdict import Verdict
from deadhand.oracles import examine, memory
from deadhand.oracles.view import View
from deadhand.search.forced import ForcedTrial, is_controlled, later, self_check
from deadhand.search.minimise import Minimiser
from deadhand.search.signature import signature, symptom
from deadhand.search.trial import Trial, tries_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.model.verdict import Finding
    from deadhand.settings import Settings
    from deadhand.target.describe import Description
    from deadhand.worker.controller import Lane

_PLAIN_FIRST = ("stock", "debug", "unmap", "poison", "guard")
_FINAL_RUNS = 10
_HANG_RUNS = 2
_HANG_SHRINK_SECONDS = 1.5
_OTHER_SHRINK_SECONDS = 0.8
_CONFIRM_SECONDS = 4.0
_ROADS = 3
_STRIDES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Confirmed:
    """A finding that repeated alone: the minimal program, what it shows, where, how often, and how far its schedule was controlled."""

    program: Program
    finding: Finding
    evidence: str
    shown: int
    runs: int
    verdict: Verdict
    control: str = ""
    why: tuple[str, ...] = ()

    @property
    def reproduced(self) -> str:
        """k/n."""
        return f"{self.shown}/{self.runs}"


def repeat_alone(lane: Lane, program: Program, finding: Finding, settings: Settings) -> tuple[int, int]:
    """(times shown, runs) of `program` alone in fresh children."""
    threads = program.threads() > 1 and not is_controlled(program)
    with _impatience(lane, finding):
        if finding.oracle == "hang":  # what is slow and not hung is told apart at the end, with full patience
            return Trial(lane, program, finding).rate(program, _HANG_RUNS, _HANG_RUNS, math.inf)
        return Trial(lane, program, finding).rate(program, settings.confirm_threads if threads else settings.confirm, settings.confirm, _CONFIRM_SECONDS)


def _moved(lane: Lane, program: Program, finding: Finding) -> Program:
    """The program with its switches some decisions later, if it shows the finding then: it was found in a child that had run others."""
    with _impatience(lane, finding):
        trial = Trial(lane, program, finding)
        return next((each for each in later(program) if trial.shows(each) is not None), program)


def minimise(lane: Lane, program: Program, finding: Finding, settings: Settings, *, tries: int) -> tuple[Program, Finding]:
    """The smallest program found that still shows `finding`, and what it shows."""
    if is_controlled(program):
        return _minimise_forced(lane, program, finding, settings)
    trial = Trial(lane, program, finding, tries=tries)
    runs = settings.shrink_runs if finding.oracle != "hang" else min(settings.shrink_runs, 30)
    with _impatience(lane, finding):
        minimiser = Minimiser(lambda candidate: trial.shows_surely(candidate) is not None, runs, settings.shrink_seconds)
        reached, last = program, finding
        for _ in range(_ROADS):
            smallest = minimiser.minimise(reached, last.step)
            if (shown := trial.shows_surely(smallest)) is not None:
                return smallest, shown
            # It was lucky: back to the last one that was not, and on by another road, for none is tried twice.
            for back in sorted({min(each, len(minimiser.path)) for each in _STRIDES} - {0}):
                candidate = minimiser.path[-back]
                if (shown := trial.shows_surely(candidate)) is not None:
                    reached, last = candidate, shown
                    break
            minimiser.path.clear()
    return reached, last


def _minimise_forced(lane: Lane, program: Program, finding: Finding, settings: Settings) -> tuple[Program, Finding]:
    """Jointly: the switches first, for a short schedule survives a change of the program best; then the steps; then the switches again."""
    trial = ForcedTrial(lane, program, finding)
    with _impatience(lane, finding):
        if not trial.pair():
            trial.fewest()
        # What is dropped without a change of the switches costs one run each; the rest, hundreds.
        quick = Minimiser(lambda candidate: trial.shows_as_it_is(candidate) is not None, settings.shrink_runs, settings.shrink_seconds / 2)
        quick.minimise(trial.best, finding.step)
        smallest = Minimiser(lambda candidate: trial.shows(candidate) is not None, settings.shrink_runs, settings.shrink_seconds).minimise(trial.best, finding.step)
        trial.best = replace(smallest, schedule=trial.best.schedule)
        if is_controlled(trial.best):
            trial.fewest()
        shown = trial.shows(trial.best)
    return (trial.best, shown) if shown is not None else (program, finding)


@contextlib.contextmanager
def _impatience(lane: Lane, finding: Finding) -> Iterator[None]:
    """For many short runs a second without a step is a hang, and its stacks are not wanted.

    What is kept is confirmed with full patience. A candidate that hangs where the finding is no hang costs no more than that.
    """
    patience, stacks = lane.settings, lane.take_hang_stacks
    limit = _HANG_SHRINK_SECONDS if finding.oracle == "hang" else _OTHER_SHRINK_SECONDS
    lane.settings, lane.take_hang_stacks = dataclasses.replace(patience, hang_seconds=min(patience.hang_seconds, limit)), False
    try:
        yield
    finally:
        lane.settings, lane.take_hang_stacks = patience, stacks


def plainest(lanes: Callable[[str], Lane | None], modes: tuple[str, ...], program: Program, finding: Finding, found_in: str) -> tuple[str, int, int, Finding]:
    """The plainest evidence in which the minimal program shows it every time: (mode, shown, runs, finding)."""
    runs = _HANG_RUNS if finding.oracle == "hang" else _FINAL_RUNS
    best: tuple[str, int, int, Finding] | None = None
    for mode in (*[each for each in _PLAIN_FIRST if each in modes and each != found_in], found_in):
        lane = lanes(mode)
        if lane is None:
            continue
        with _impatience(lane, finding):
            quick, _ = Trial(lane, program, finding).count(program, 1 if finding.oracle == "hang" else 2)
        if not quick and mode != found_in:
            continue
        shown, last = Trial(lane, program, finding).count(program, runs)
        if last is not None and (best is None or shown > best[1]):
            best = (mode, shown, runs, last)
        if shown == runs:
            break
    return best or (found_in, 0, runs, finding)


def confirm(
    lanes: Callable[[str], Lane | None], modes: tuple[str, ...], lane: Lane, program: Program, finding: Finding, settings: Settings, say: Callable[[str, str], None]
) -> Confirmed | None:
    """Repeat alone, minimise, repeat in the plainest evidence. None when it never repeated: memory spoilt by an earlier program."""
    say("confirming", finding.detail)
    shown, runs = repeat_alone(lane, program, finding, settings)
    if not shown and is_controlled(program):
        program = _moved(lane, program, finding)
        shown, runs = repeat_alone(lane, program, finding, settings)
    if not shown:
        return None
    say("minimising", finding.detail)
    smallest, last = minimise(lane, program, finding, settings, tries=tries_for(shown, runs))
    mode, shown, runs, last = plainest(lanes, modes, smallest, last, lane.mode)
    if not shown:
        return None
    found_in = lanes(mode) if is_controlled(smallest) else None
    control, why = self_check(found_in, smallest) if found_in is not None else ("", ())
    verdict = Verdict.VIOLATION if shown == runs and last.certain else Verdict.FLAKY if last.certain else Verdict.UNKNOWN
    return Confirmed(smallest, last, mode, shown, runs, verdict, control, why)


def sharper(lane: Lane, program: Program, finding: Finding) -> Finding | None:
    """What the page guard of `lane` sees of a death that came late: the first touch of what had been freed, at the step that does it.

    A heap that was spoilt is noticed by whoever allocates next. Minimising that keeps what arranges the heap, so it is better
    told, and smaller, by the touch. None where the guard sees none, and for a death that is no late one.
    """
    if finding.oracle != "death" or finding.phase == "exit" or not _is_late(finding) or (program.regions() and not is_controlled(program)):
        return None
    history = lane.run_one(program)
    account = memory.fatal(history)
    if account is None or account.freed is None:
        return None
    return next((each for each in examine(lane.target, program, history)[0] if each.oracle == "death" and each.certain), None)


def _is_late(finding: Finding) -> bool:
    return finding.kind.startswith("SIG") and (not finding.step or finding.kind == "SIGABRT" or "Debug memory block" in finding.detail)


def make_case(target: Description, confirmed: Confirmed, programs_to_first: int) -> Case:
    """The case file of a confirmed finding."""
    finding = confirmed.finding
    return Case(
        format=Case.format_of(confirmed.program),
        target=target.name,
        program=confirmed.program,
        verdict=confirmed.verdict.name,
        mad=finding.mad,
        signature=signature(target, confirmed.program, finding),
        oracle=finding.oracle,
        symptom=symptom(finding) if finding.oracle != "death" else finding.kind,
        detail=finding.detail,
        step=finding.step,
        evidence=confirmed.evidence,
        reproduced=confirmed.reproduced,
        control=confirmed.control,
        why=confirmed.why,
        programs_to_first=programs_to_first,
        environment=environment(target),
    )


def environment(target: Description) -> Environment:
    """Versions that a reader of the case wants to know."""
    names = {value.__name__.partition(".")[0] for value in vars(sys.modules[target.cls.__module__]).values() if isinstance(value, type(sys))}
    libraries: dict[str, str] = {}
    for name in sorted(names - set(sys.stdlib_module_names) - {"deadhand", "hypothesis"}):
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # noqa: PERF203  a handful of names
            continue
    return Environment(platform.python_version(), platform.platform(), deadhand.__version__, libraries)


@dataclass(frozen=True)
class Explained:
    """What the page guard says of a finding: one sentence, and the native stacks."""

    sentence: str
    stacks: list[str]


def explain(lane: Lane, program: Program, tries: int) -> Explained | None:
    """Run `program` under the page guard, stacks taken, until the guard sees what happens; None when it does not."""
    for _ in range(tries):
        history = lane.run_one(program, stacks=True)
        account = memory.fatal(history) or next(iter(memory.accounts(history)), None)
        if account is not None:
            view = View(lane.target, program, history, examine(lane.target, program, history)[1])
            told = [line for what, frames in memory.stacks(history) for line in (f"{what} at:", *[f"  {frame}" for frame in frames])]
            return Explained(f"{account.kind}, {memory.sentence(program, account)}{memory.ended_before(view, account)}", told)
    return None


def trace(history: History) -> list[str]:
    """What is worth showing of a death: the Python stack of a crash, or the stacks of a hang."""
    death = history.death
    if death is None:
        return []
    text = death.stacks or death.stderr
    return [line.rstrip("\0") for line in text.splitlines() if line.strip("\0 ")][:40]
