"""A hunt: every target in turn, each with its share of what is left of the budget."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from deadhand.errors import DeadhandError, PlanError
from deadhand.errors import TargetSkipped as SkippedError
from deadhand.search.corpus import Corpus
from deadhand.search.events import HuntStarted, Summary, TargetFailed, TargetSkipped, TargetStarted
from deadhand.search.pursuit import Pursuit
from deadhand.target.loader import Problem, expand, load_all
from deadhand.worker.evidence import available
from deadhand.worker.probe import deadly_imports
from deadhand.worker.workspace import remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deadhand.search.events import Event, Found
    from deadhand.settings import Budget, Settings
    from deadhand.target.describe import Description


class _Tally:
    def __init__(self) -> None:
        self.targets: list[str] = []
        self.findings: list[Found] = []
        self.programs = 0
        self.skipped: list[str] = []
        self.errors: list[str] = []


def hunt(
    names: list[str],
    *,
    budget: Budget,
    seed: int | None,
    modes: list[str],
    corpus: Path | None,
    settings: Settings,
    jobs: int,
    include_unsafe: bool,
    emit: Callable[[Event], None],
    schedules: str = "mixed",
) -> Summary:
    """Hunt every target that `names` stand for. `budget.programs` counts per target, `budget.seconds` for all together.

    `schedules` says how overlapping steps run: one of `HUNT_MODES`.

    Raises UsageError when a name stands for nothing; a wrong plan or a missing library is an event, and the rest still runs.
    """
    began = time.monotonic()
    number = random.SystemRandom().randrange(2**32) if seed is None else seed
    wanted = expand(names)
    deadly = deadly_imports(wanted)
    targets, problems = load_all([each for each in wanted if each not in deadly], include_unsafe=include_unsafe)
    problems += [Problem(name, PlanError(f"{name}: {what}", remedy="import the library alone; a crash at import is its own bug")) for name, what in deadly.items()]
    usable = [mode for mode in modes if not available(mode)]
    store = Corpus(corpus) if corpus is not None else None
    remove_leftovers()
    if store is not None:
        store.remove_leftovers()
    emit(HuntStarted([target.name for target in targets], usable, number, budget.seconds, budget.programs))
    tally = _Tally()
    for problem in problems:
        _say_problem(problem.name, problem.error, tally, emit)
    interrupted = False
    try:
        for index, target in enumerate(targets):
            deadline = _deadline(began, budget, len(targets) - index)
            _hunt_one(target, deadline, budget, number, usable, modes, store, settings, jobs, include_unsafe, emit, tally, schedules)
    except KeyboardInterrupt:
        interrupted = True
    summary = Summary(
        targets=tally.targets,
        findings=tally.findings,
        programs=tally.programs,
        seconds=time.monotonic() - began,
        skipped=tally.skipped,
        errors=tally.errors,
        seed=number,
        interrupted=interrupted,
    )
    emit(summary)
    return summary


def _deadline(began: float, budget: Budget, targets_left: int) -> float | None:
    """An equal share of what is left."""
    if budget.seconds is None:
        return None
    now = time.monotonic()
    return now + max(0.0, began + budget.seconds - now) / targets_left


def _say_problem(name: str, error: DeadhandError, tally: _Tally, emit: Callable[[Event], None]) -> None:
    if isinstance(error, SkippedError):
        tally.skipped.append(name)
        emit(TargetSkipped(name, error.message, error.remedy))
    else:
        tally.errors.append(name)
        emit(TargetFailed(name, error.message, error.remedy))


def _hunt_one(
    target: Description,
    deadline: float | None,
    budget: Budget,
    number: int,
    usable: list[str],
    wanted: list[str],
    store: Corpus | None,
    settings: Settings,
    jobs: int,
    include_unsafe: bool,
    emit: Callable[[Event], None],
    tally: _Tally,
    schedules: str,
) -> None:
    try:
        pursuit = Pursuit(target, settings=settings, modes=usable, number=number, corpus=store, jobs=jobs, include_unsafe=include_unsafe, emit=emit, schedules=schedules)
    except DeadhandError as error:
        _say_problem(target.name, error, tally, emit)
        return
    try:
        evidence = pursuit.evidence() | {mode: available(mode) for mode in wanted if available(mode)}
        emit(TargetStarted(target.name, evidence, pursuit.notes()))
        tally.targets.append(target.name)
        pursuit.run(deadline, budget.programs)
    except DeadhandError as error:
        tally.targets = [each for each in tally.targets if each != target.name]
        _say_problem(target.name, error, tally, emit)
    finally:
        tally.findings += pursuit.found.values()
        tally.programs += pursuit.programs
        pursuit.close()
        emit(pursuit.done())
