"""Replay a case: run its program alone in fresh children and compare with what its status promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deadhand.errors import CaseError, DeadhandError, PlanError
from deadhand.hazards import VERBS
from deadhand.model.history import scheduling
from deadhand.model.program import picks_in, refs_in, replace
from deadhand.model.values import label_of
from deadhand.model.verdict import Finding
from deadhand.search.confirm import minimise
from deadhand.search.corpus import load_case, write_case
from deadhand.search.signature import signature
from deadhand.search.trial import Trial
from deadhand.target.loader import load
from deadhand.worker.controller import Lane
from deadhand.worker.evidence import MODES, available

if TYPE_CHECKING:
    from pathlib import Path

    from deadhand.model.case import Case
    from deadhand.model.history import History
    from deadhand.settings import Settings
    from deadhand.target.describe import Description


@dataclass(frozen=True)
class Replayed:
    """What a replay gave. `ok`: as the case's status promises. `error`: why it could not be run, `message` for a person."""

    path: Path
    case: Case | None
    reproduced: int
    runs: int
    ok: bool
    message: str
    error: DeadhandError | None = None


def replay_case(path: Path, *, settings: Settings, times: int, mode: str | None) -> Replayed:
    """Replay one case file `times` times, in its own evidence mode unless `mode` names another. Never raises for a bad case."""
    case: Case | None = None
    try:
        case = load_case(path)
        target = target_of(case, path)
        evidence = mode or case.evidence
        if evidence not in MODES:
            raise CaseError(f"{path}: no evidence mode named {evidence!r}", remedy=f"one of {', '.join(MODES)}")
        if why := available(evidence):
            raise CaseError(f"{path}: evidence {evidence} cannot look here: {why}", remedy="replay it with --evidence stock")
        shown, course = _count(target, case, evidence, settings, times)
    except DeadhandError as error:
        return Replayed(path, case, 0, 0, ok=False, message=str(error), error=error)
    ok, message = _verdict(case, shown, times)
    message += course
    return Replayed(path, case, shown, times, ok, message)


def _verdict(case: Case, shown: int, times: int) -> tuple[bool, str]:
    rate = f"{shown}/{times}"
    if case.status == "expected":
        return True, f"expected hazard, reproduced {rate}"
    if case.status == "fixed":
        return (not shown, f"fixed: passes {times - shown}/{times}" if not shown else f"fixed, but it is back: reproduced {rate}")
    if case.verdict == "FLAKY":
        return True, f"flaky, reproduced {rate}"
    return (bool(shown), f"open: reproduced {rate}" if shown else f'open, but reproduced {rate}: if it was fixed, set "status": "fixed"')


def target_of(case: Case, path: Path) -> Description:
    """The target that a case names. Raises CaseError when an operation, an argument or the plan itself is gone."""
    try:
        target = load(case.target, include_unsafe=True)[0]
    except PlanError as error:
        raise CaseError(f"{path}: its target cannot be loaded: {error.message}", remedy=error.remedy) from error
    check_fits(case, target, path)
    return target


def check_fits(case: Case, target: Description, path: Path) -> None:
    """Raise CaseError, by name, for a step that the target no longer offers: a stranger's case can run nothing else."""
    for number, step, _ in case.program.walk():
        if step.is_hazard:
            if step.do not in VERBS:
                raise CaseError(f"{path}: step {number} is the hazard {step.do}, which this deadhand does not have", remedy="upgrade deadhand, or delete the case")
            names = [step.args["operation"]] if step.do in ("@pressure", "@shortage") else []
        else:
            names = [step.do]
        for name in names:
            if name not in target.operations:
                raise CaseError(f"{path}: step {number} calls {name}, which {target.name} no longer has", remedy="restore the operation, or delete the case")
        if step.is_hazard:
            continue
        parameters = {each.name: each for each in target.operations[step.do].parameters}
        for name, value in step.args.items():
            if name not in parameters:
                raise CaseError(f"{path}: step {number} gives {step.do} an argument {name}, which it no longer takes", remedy="restore the parameter, or delete the case")
            if parameters[name].role == "handle" and not any(refs_in(value)):
                raise CaseError(f"{path}: step {number} gives {step.do} a plain value for the handle {name}", remedy="the case was edited by hand or belongs to another plan")
            for pick in picks_in(value):
                offered = [label_of(each) for each in parameters[name].offered]
                if pick.label and (pick.index >= len(offered) or offered[pick.index] != pick.label):
                    now = f"there is {offered[pick.index]} in its place now" if pick.index < len(offered) else "the plan no longer offers it"
                    raise CaseError(f"{path}: step {number} gives {step.do} the object {pick.label} for {name}; {now}", remedy="offer the same objects in the same order again, or delete the case")


def _lane(target: Description, mode: str, settings: Settings) -> Lane:
    lane = Lane(target, mode, settings, include_unsafe=True)
    lane.start()
    return lane


def _finding_of(case: Case) -> Finding:
    exits = case.program.ending == "exit" or any(step.args.get("leave") == "exit" for step in case.program.steps)
    return Finding(case.oracle, case.symptom, case.detail, case.step, phase="exit" if exits and not case.step else "steps", mad=case.mad)


def _count(target: Description, case: Case, mode: str, settings: Settings, times: int) -> tuple[int, str]:
    """How often it was shown, and what is to be said of the course that the last run took."""
    lane = _lane(target, mode, settings)
    try:
        trial = Trial(lane, case.program, _finding_of(case))
        shown, _ = trial.count(case.program, times)
    finally:
        lane.close()
    return shown, _course(trial.last)


def _course(history: History | None) -> str:
    told = scheduling(history) if history is not None else None
    if told is None:
        return ""
    parts = []
    if told.diverged is not None:
        region, at = told.diverged
        parts.append(f"the library took another course than when the case was kept: from decision {at} of overlap group {region} on, the schedule is the default one")
    if told.control in ("none", "partial"):
        parts.append(f"the schedule was {'not' if told.control == 'none' else 'partly'} controlled: {'; '.join(told.why)}")
    return "".join(f"; {part}" for part in parts)


def shrink_case(path: Path, *, settings: Settings) -> Case:
    """Minimise a case further and write it back. Raises CaseError when it does not reproduce any more."""
    case = load_case(path)
    target = target_of(case, path)
    lane = _lane(target, case.evidence, settings)
    try:
        finding = Trial(lane, case.program, _finding_of(case), tries=settings.confirm).shows(case.program)
        if finding is None:
            raise CaseError(f"{path}: it does not reproduce, so it cannot be shrunk", remedy="replay it in another evidence mode")
        program, shown = minimise(lane, case.program, finding, settings, tries=settings.confirm if case.verdict == "FLAKY" else 1)
    finally:
        lane.close()
    smaller: Case = replace(case, program=program, step=shown.step, detail=shown.detail, mad=shown.mad, signature=signature(target, program, shown))
    write_case(path, smaller)
    return smaller
