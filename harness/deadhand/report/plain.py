"""The report as lines, without colour or cursor movement: for logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deadhand.report import facts
from deadhand.report.causes import cause_lines
from deadhand.search.events import (
    FindingEvent,
    HuntStarted,
    Phase,
    Progress,
    Summary,
    TargetDone,
    TargetFailed,
    TargetSkipped,
    TargetStarted,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from deadhand.search.events import Event

_EVERY = 10.0


class Plain:
    """Writes lines. Progress at most every ten seconds."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.clock = clock
        self.facts = facts.Facts()
        self.findings = 0
        self._last = clock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if not self.facts.add(event):
            return
        for line in self._lines(event):
            self.stream.write(line.rstrip() + "\n")
        self.stream.flush()

    def close(self) -> None:
        """Nothing is left to write."""

    def _lines(self, event: Event) -> list[str]:
        if isinstance(event, HuntStarted):
            return [f"deadhand: {facts.start_line(event)}"]
        if isinstance(event, (TargetSkipped, TargetFailed)):
            word, said = ("skipped", event.reason) if isinstance(event, TargetSkipped) else ("error", event.message)
            return [f"{word}: {said}", *([f"  remedy: {event.remedy}"] if event.remedy else [])]
        if isinstance(event, TargetStarted):
            lines = [f"target {event.target}", *[f"  evidence {line}" for line in facts.evidence_lines({event.target: event.evidence})]]
            return [*lines, *[f"  note: {note}" for note in event.notes]]
        if isinstance(event, (Progress, Phase)):
            return self._moving(event)
        if isinstance(event, FindingEvent):
            return self._finding(event)
        if isinstance(event, TargetDone):
            return _done(event)
        return self._summary(event) if isinstance(event, Summary) else []

    def _moving(self, event: Progress | Phase) -> list[str]:
        if isinstance(event, Phase):
            return [f"  {event.phase}: {event.detail}"]
        now = self.clock()
        if now - self._last < _EVERY:
            return []
        self._last = now
        return [f"  {facts.progress_line(event)}"]

    def _finding(self, event: FindingEvent) -> list[str]:
        self.findings += 1
        found = event.finding
        return [
            "",
            f"finding {self.findings}: {facts.finding_headline(found)}",
            *[f"    {line}" for line in facts.finding_program(event)],
            *[f"  {line}" for line in facts.finding_facts(found)],
            *[f"  | {line}" for line in facts.short_trace(event.trace)],
            *[f"  # {line}" for line in event.memory],
            f"  {facts.replay_line(found)}",
            "",
        ]

    def _summary(self, summary: Summary) -> list[str]:
        lines = ["", "summary"]
        for found in summary.findings:
            lines.append(f"  {facts.finding_headline(found)}: {found.signature.partition(':')[2] or found.symptom}, {facts.count(found.steps, 'step')}, {found.reproduced}")
            lines.append(f"    {facts.replay_line(found)}")
        lines += [f"  {line}" for line in cause_lines(summary.findings)]
        lines += [f"  evidence {line}" for line in facts.evidence_lines(self.facts.evidence)]
        lines += [f"  skipped: {each.reason}" for each in self.facts.skipped.values()]
        lines += [f"  error: {each.message.splitlines()[0]}" for each in self.facts.failed.values()]
        return [*lines, facts.summary_line(summary)]


def _done(event: TargetDone) -> list[str]:
    lines = [f"done {event.target}: {facts.count(event.programs, 'program')} in {facts.duration(event.seconds)}"]
    lines.append(f"  hazards: {facts.hazard_line(event.hazards)}")
    lines += [f"  {line}" for line in [*facts.schedule_lines(event), *facts.suspicion_lines(event)]]
    return [*lines, *[f"  not tried: {line}" for line in facts.never_tried(event.coverage, event.possible)]]
