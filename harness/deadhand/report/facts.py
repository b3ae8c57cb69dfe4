"""What a hunt's events amount to, as text without style: the terminal and the plain log say the same."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from deadhand.report.mad_titles import headline
from deadhand.report.program_text import program_lines
from deadhand.search.events import FindingEvent, TargetDone, TargetFailed, TargetSkipped, TargetStarted
from deadhand.search.schedules import how_scheduled

if TYPE_CHECKING:
    from deadhand.model.case import Case
    from deadhand.search.events import Event, Found, HuntStarted, Progress, Summary

LOOKS = "looks"
_TRACE = 12
_NOISE = ("Extension modules:", "Current thread's C stack", "Stack (most recent call")
_OUR_FRAMES = ("/deadhand/worker/", "/threading.py")
_MINUTE = 60
_HOUR = 3600
_STATES = ("live", "disposed", "ended", "orphan", "outlived", "uninitialised")


class Facts:
    """Collects what the end of the report needs."""

    def __init__(self) -> None:
        self.evidence: dict[str, dict[str, str]] = {}
        self.skipped: dict[str, TargetSkipped] = {}
        self.failed: dict[str, TargetFailed] = {}
        self.done: dict[str, TargetDone] = {}
        self._told: set[tuple[str, str]] = set()

    def add(self, event: Event) -> bool:
        """Take an event in; False for a finding that was told before."""
        if isinstance(event, TargetStarted):
            self.evidence[event.target] = event.evidence
        elif isinstance(event, TargetSkipped):
            self.skipped[event.target] = event
        elif isinstance(event, TargetFailed):
            self.failed[event.target] = event
        elif isinstance(event, TargetDone):
            self.done[event.target] = event
        elif isinstance(event, FindingEvent):
            key = (event.finding.target, event.finding.signature)
            if key in self._told:
                return False
            self._told.add(key)
        return True


def duration(seconds: float) -> str:
    """`2m 45s`."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02d}s"
    return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"


def count(number: int, noun: str) -> str:
    """`1 program`, `2 programs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def start_line(event: HuntStarted) -> str:
    """What is going to happen."""
    limits = [duration(event.seconds)] if event.seconds is not None else []
    limits += [f"{count(event.programs, 'program')} per target"] if event.programs is not None else []
    budget = " or ".join(limits) or "no limit"
    return f"hunting {count(len(event.targets), 'target')} for {budget}; evidence {', '.join(event.evidence) or 'none'}; seed {event.seed}"


def progress_line(event: Progress) -> str:
    """Where a target is."""
    left = f", {duration(event.seconds_left)} left" if event.seconds_left is not None else ""
    unsure = f", {event.unconfirmed} unconfirmed" if event.unconfirmed else ""
    return f"{count(event.programs, 'program')}, {event.rate:.0f}/s, {count(event.findings, 'finding')}{unsure}{left}"


def finding_headline(found: Found) -> str:
    """`MAD-14 Dispose from inside a callback`, and what is special about it."""
    notes = [found.verdict] if found.verdict != "VIOLATION" else []
    notes += ["known"] if found.known else []
    return headline(found.mad, found.symptom) + (f"  ({', '.join(notes)})" if notes else "")


def finding_facts(found: Found) -> list[str]:
    """The lines below the program."""
    return [
        found.detail,
        *([f"schedule: {found.schedule}"] if found.schedule else []),
        f"target: {found.target}",
        f"evidence: {found.evidence}; reproduced {found.reproduced} alone in a fresh child; first after {count(found.programs_to_first, 'program')}",
    ]


def finding_program(event: FindingEvent) -> list[str]:
    """The minimal program."""
    return program_lines(event.program)


def short_trace(trace: list[str]) -> list[str]:
    """The lines of a trace that name places in the plan and the library; the frames below the plan are always the same."""
    lines = [line for line in trace if line.strip() and not line.startswith(_NOISE) and not any(frame in line for frame in _OUR_FRAMES)]
    more = len(lines) - _TRACE
    return lines if more <= 0 else [*lines[:_TRACE], f"… {count(more, 'line')} more in the case's replay"]


def replay_line(found: Found) -> str:
    """What to type to see it again."""
    return f"deadhand replay {shlex.quote(found.case)}" if found.case else "not kept: hunt without --no-save to get a case that replays"


def evidence_lines(evidence: dict[str, dict[str, str]]) -> list[str]:
    """Which evidence could look, and which could not and why; targets alike are told together."""
    together: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for target, modes in evidence.items():
        together.setdefault(tuple(modes.items()), []).append(target)
    lines = []
    for modes_told, targets in together.items():
        looked = [mode for mode, told in modes_told if told == LOOKS]
        blind = [f"{mode} could not ({told})" for mode, told in modes_told if told != LOOKS]
        who = f"{', '.join(targets)}: " if len(together) > 1 else ""
        lines.append(who + "; ".join([f"looked: {', '.join(looked) or 'nothing'}", *blind]))
    return lines


def hazard_line(hazards: dict[str, int]) -> str:
    """Hazards by how many programs had them."""
    return ", ".join(f"{name} {times}" for name, times in sorted(hazards.items(), key=lambda each: (-each[1], each[0]))) or "none"


def never_tried(coverage: dict[str, dict[str, int]], possible: dict[str, list[str]]) -> list[str]:
    """Operations never called, and (operation, state of its handle) pairs never tried, of the states it can meet."""
    tried = {operation: {word for words in counts for word in words.split("+")} for operation, counts in coverage.items()}
    lines = []
    for operation, words in tried.items():
        if not words:
            lines.append(f"{operation}: never called")
        elif words != {"none"}:
            missing = [state for state in _STATES if state in possible.get(operation, ()) and state not in words]
            if missing:
                lines.append(f"{operation}: never on a handle that is {', '.join(missing)}")
    return lines


def suspicion_lines(event: TargetDone) -> list[str]:
    """What became of suspicions that were no finding."""
    lines = []
    if event.unconfirmed:
        lines.append(f"unconfirmed: {count(event.unconfirmed, 'suspicion')} that did not repeat alone")
    if event.waiting:
        lines.append(f"not looked into: {count(event.waiting, 'suspicion')}, for want of time; a longer --time would")
    return lines


def schedule_lines(event: TargetDone) -> list[str]:
    """Which policies of scheduling ran, what they were worth, and what could not be controlled."""
    if not event.policies:
        return []
    told = [f"{name} {ran}" + (f" ({count(hits, 'suspicion')})" if hits else "") for name, (ran, hits) in event.policies.items()]
    lines = [f"schedules: {', '.join(told)}"]
    lines += [f"not fully controlled: {count(times, 'schedule')}: {why}" for why, times in sorted(event.uncontrolled.items())]
    return lines


def summary_line(summary: Summary) -> str:
    """The last line."""
    fresh = sum(not found.known for found in summary.findings)
    known = len(summary.findings) - fresh
    told = count(fresh, "finding") + (f" and {known} known" if known else "")
    parts = [f"{told} in {count(summary.programs, 'program')} of {count(len(summary.targets), 'target')}, {duration(summary.seconds)}, seed {summary.seed}"]
    if summary.skipped:
        parts.append(f"{len(summary.skipped)} skipped")
    if summary.errors:
        parts.append(f"{len(summary.errors)} could not be loaded")
    if summary.interrupted:
        parts.append("interrupted")
    return "; ".join(parts)


def case_facts(case: Case) -> list[tuple[str, str]]:
    """What is known of a case, as (name, value); what is not known is left out."""
    environment = case.environment
    facts = [
        ("target", case.target),
        ("status", case.status),
        ("verdict", case.verdict),
        ("signature", case.signature),
        ("oracle", f"{case.oracle}: {case.symptom}" if case.oracle else ""),
        ("evidence", case.evidence),
        ("schedule", how_scheduled(case.program, case.control, case.why)),
        ("reproduced", f"{case.reproduced} alone in a fresh child" if case.reproduced else ""),
        ("first found after", f"{case.programs_to_first} programs" if case.programs_to_first else ""),
        ("Python", environment.python),
        ("platform", environment.platform),
        ("deadhand", environment.deadhand),
        ("libraries", ", ".join(f"{name} {version}" for name, version in environment.libraries.items())),
        ("link", case.link),
        ("note", case.note),
    ]
    return [(name, value) for name, value in facts if value]
