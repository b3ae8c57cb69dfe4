"""A hunt as one test: what was found, sorted into what fails it and what the corpus knows already, as text."""

from __future__ import annotations

import dataclasses
import os
import shlex
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deadhand.errors import CaseError, UnsupportedError
from deadhand.report.facts import evidence_lines, finding_facts, finding_headline, finding_program, short_trace
from deadhand.report.program_text import program_lines
from deadhand.search.corpus import Corpus, load_case
from deadhand.search.events import FindingEvent
from deadhand.search.pursuit import Pursuit
from deadhand.worker.evidence import available

if TYPE_CHECKING:
    from deadhand.pytest_plugin.limits import Limits
    from deadhand.search.events import Event, Found
    from deadhand.search.replay import Replayed
    from deadhand.settings import Settings
    from deadhand.target.describe import Description

_ACCEPTED = ("open", "expected")
_SHRINK_SECONDS = 60.0  # bounded by the number of runs, not by the clock: the same find is the same case on a busy machine


@dataclass
class Hunted:
    """`new`: the headlines of new finds. `failures`: one text for each. `known`: one line for each that the corpus holds. `told`: what the hunt could see."""

    new: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def headline(self) -> str:
        """The line that pytest repeats in its summary."""
        times = Counter(self.new)
        told = ", ".join(f"{name} x{count}" if count > 1 else name for name, count in times.items())
        return f"{len(self.new)} new {'find' if len(self.new) == 1 else 'finds'}: {told}"


def hunt(target: Description, limits: Limits, settings: Settings, *, root: Path, here: Path, item: str) -> Hunted:
    """Hunt `target` within `limits`; the working folder is `root`, the user's is `here`.

    Raises PlanError, TargetSkipped, WorkerError or UnsupportedError when there can be no hunt.
    """
    place = _relative(limits.corpus, root)
    corpus = Corpus(place)
    before = _statuses(corpus, target)
    modes = [mode for mode in limits.evidence if not available(mode)]
    if not modes:
        why = "; ".join(f"{mode}: {available(mode)}" for mode in limits.evidence)
        raise UnsupportedError(f"{target.name}: no evidence mode works here: {why}", remedy="--deadhand-evidence debug,stock works everywhere")
    finds: list[FindingEvent] = []

    def emit(event: Event) -> None:
        if isinstance(event, FindingEvent):
            finds.append(event)

    patient = dataclasses.replace(settings, shrink_seconds=max(settings.shrink_seconds, _SHRINK_SECONDS))
    result = Hunted()
    deadline = time.monotonic() + limits.seconds
    pursuit = Pursuit(target, settings=patient, modes=modes, number=limits.seed, corpus=corpus if limits.save else None, jobs=1, include_unsafe=False, emit=emit)
    try:
        evidence = pursuit.evidence() | {mode: available(mode) for mode in limits.evidence if mode not in modes}
        pursuit.run(deadline, limits.programs)
    finally:
        pursuit.close()
    result.told = [f"{pursuit.programs} programs, seed {limits.seed}", *evidence_lines({target.name: evidence}), *pursuit.notes()]
    if pursuit.programs < limits.programs:
        in_time = time.monotonic() < deadline
        why = "for want of children that can be started; see deadhand doctor" if in_time else f"after {limits.seconds:g} s; raise --deadhand-seconds, or lower --deadhand-programs"
        result.warnings.append(f"{target.name}: the hunt ended with {pursuit.programs} of {limits.programs} programs {why}")
    for event in finds:
        known = before.get(event.finding.signature, {})
        if accepted := [path for path, status in known.items() if status in _ACCEPTED]:
            result.known.append(f"{finding_headline(event.finding).partition('  (')[0]}, {known[accepted[0]]}: {accepted[0]}")
        elif event.finding.verdict == "UNKNOWN":
            result.told.append(f"not certain: {event.finding.detail}")
        else:
            back = next((f"{path} says that this is fixed: it is back" for path, status in known.items() if status == "fixed"), "")
            result.new.append(event.finding.mad or event.finding.symptom)
            result.failures.append("\n".join([*_find(event), back or _kept(event.finding, limits, item), *([_replay(event.finding.case, root, here)] if event.finding.case else [])]))
    result.told += [f"known: {line}" for line in result.known]
    return result


def case_text(result: Replayed, *, root: Path, here: Path) -> str:
    """Why a case did not keep its promise, and what it is."""
    assert result.case is not None
    lines = [f"{result.path}: {result.message}", "", f"{result.case.mad} {result.case.detail}".strip(), *_indented(program_lines(result.case.program))]
    return "\n".join([*lines, f"evidence: {result.case.evidence}", _replay(str(result.path), root, here)])


def _find(event: FindingEvent) -> list[str]:
    trace = short_trace(event.trace)
    return [finding_headline(event.finding), *_indented(finding_program(event)), *finding_facts(event.finding), *_indented(trace)]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _kept(found: Found, limits: Limits, item: str) -> str:
    if found.case:
        return f"kept as {found.case}"
    return f"not kept (--deadhand-no-save); to see it again: pytest {shlex.quote(item)} --deadhand-seed {limits.seed} --deadhand-programs {limits.programs}"


def _replay(case: str, root: Path, here: Path) -> str:
    """The line that replays a case. Targets are named relative to the root folder, so it is typed there."""
    line = f"deadhand replay {shlex.quote(case)}"
    return line if here == root else f"{line}    (in {root})"


def _statuses(corpus: Corpus, target: Description) -> dict[str, dict[str, str]]:
    """The target's cases: by signature, the status by path. Unreadable ones are items of their own, and say so."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((corpus.root / target.slug).glob("*.json")):
        try:
            case = load_case(path)
        except CaseError:
            continue
        found.setdefault(case.signature, {})[str(path)] = case.status
    return found


def _relative(path: Path, root: Path) -> Path:
    return Path(os.path.relpath(path, root)) if path.is_relative_to(root) else path
