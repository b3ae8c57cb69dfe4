"""The report on a terminal: a live line per target, findings as panels, a summary table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

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
    from typing import TextIO

    from rich.console import RenderableType

    from deadhand.search.events import Event

_SHOWN_HAZARDS = 6
_COLOURS = {"VIOLATION": "red", "FLAKY": "yellow", "UNKNOWN": "yellow"}


class Terminal:
    """Draws with rich. What has been printed above the live line stays in the scroll-back."""

    def __init__(self, stream: TextIO, console: Console | None = None) -> None:
        self.console = console or Console(file=stream, highlight=False)
        self.facts = facts.Facts()
        self._target = ""
        self._phase = ""
        self._progress: Progress | None = None
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        """Draw one event."""
        if not self.facts.add(event):
            return
        for each in self._shown(event):
            self.console.print(each, soft_wrap=isinstance(each, Text))  # a line to copy must stay one line
        self._refresh(event)

    def close(self) -> None:
        """End the live display."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    # --- the live line -------------------------------------------------------------------------------------------

    def _refresh(self, event: Event) -> None:
        if isinstance(event, (Summary, TargetDone)):
            self.close()
            return
        if isinstance(event, TargetStarted):
            self._target, self._phase, self._progress = event.target, "", None
        elif isinstance(event, Phase):
            self._phase = f"{event.phase}: {event.detail}"
        elif isinstance(event, Progress):
            self._progress, self._phase = event, ""
        else:
            return
        if self._live is None:
            self._live = Live(console=self.console, refresh_per_second=4, transient=True)
            self._live.start()
        self._live.update(self._now())

    def _now(self) -> RenderableType:
        lines = [Text.assemble(("hunting ", "bold"), self._target)]
        if self._progress is not None:
            lines.append(Text("  " + facts.progress_line(self._progress)))
            most = dict(sorted(self._progress.hazards.items(), key=lambda each: -each[1])[:_SHOWN_HAZARDS])
            lines.append(Text(f"  hazards: {facts.hazard_line(most)}", style="dim"))
        if self._phase:
            lines.append(Text("  " + self._phase, style="yellow", overflow="ellipsis", no_wrap=True))
        return Group(*lines)

    # --- what stays ----------------------------------------------------------------------------------------------

    def _shown(self, event: Event) -> list[RenderableType]:
        if isinstance(event, HuntStarted):
            return [Text(facts.start_line(event), style="bold")]
        if isinstance(event, (TargetSkipped, TargetFailed)):
            word, said, colour = ("skipped", event.reason, "yellow") if isinstance(event, TargetSkipped) else ("error", event.message, "red")
            remedy = [Text(f"  remedy: {event.remedy}")] if event.remedy else []
            return [Text.assemble((f"{word}: ", f"bold {colour}"), said), *remedy]
        if isinstance(event, TargetStarted):
            lines = [line for line in facts.evidence_lines({event.target: event.evidence}) if "could not" in line]
            return [Text(f"{event.target}: {line}", style="yellow") for line in [*lines, *event.notes]]
        if isinstance(event, FindingEvent):
            return [finding_panel(event), Text(facts.replay_line(event.finding), style="cyan")]
        if isinstance(event, TargetDone):
            return [_done(event)]
        return self._summary(event) if isinstance(event, Summary) else []

    def _summary(self, summary: Summary) -> list[RenderableType]:
        shown: list[RenderableType] = []
        if summary.findings:
            shown.append(_table(summary))
            shown += [Text("  " + facts.replay_line(found), style="cyan") for found in summary.findings]
            shown += [Text(line) for line in cause_lines(summary.findings)]
        shown += [Text(f"evidence {line}", style="yellow" if "could not" in line else "") for line in facts.evidence_lines(self.facts.evidence)]
        shown += [Text(f"skipped: {each.reason}", style="yellow") for each in self.facts.skipped.values()]
        shown += [Text(f"error: {each.message.splitlines()[0]}", style="red") for each in self.facts.failed.values()]
        clean = not summary.findings and not summary.errors and summary.targets
        return [*shown, Text(facts.summary_line(summary), style="bold green" if clean else "bold")]


def finding_panel(event: FindingEvent) -> Panel:
    """One finding: program, what happened, evidence, trace."""
    found = event.finding
    colour = "dim" if found.known else _COLOURS.get(found.verdict, "red")
    detail, *rest = facts.finding_facts(found)
    parts: list[RenderableType] = [Text("\n".join(facts.finding_program(event))), Text(""), Text(detail, style="bold"), *[Text(line) for line in rest]]
    trace = facts.short_trace(event.trace)
    if trace:
        parts += [Text(""), Text("\n".join(trace), style="dim", overflow="fold")]
    if event.memory:
        parts += [Text(""), Text("\n".join(event.memory), style="dim", overflow="fold")]
    return Panel(Group(*parts), title=Text(facts.finding_headline(found), style=f"bold {colour}"), title_align="left", border_style=colour)


def _table(summary: Summary) -> Table:
    table = Table(title="findings", title_justify="left", title_style="bold")
    several = len({found.target for found in summary.findings}) > 1
    for name in ("class", *(["target"] if several else []), "shows as", "steps", "repro-\nduced", "first\nafter", "evidence"):
        table.add_column(name, justify="right" if name in ("steps", "first\nafter") else "left", overflow="fold")
    for found in summary.findings:
        row = [facts.finding_headline(found), *([found.target] if several else []), f"{found.oracle}: {found.symptom}", str(found.steps)]
        table.add_row(*row, found.reproduced, str(found.programs_to_first), found.evidence)
    return table


def _done(event: TargetDone) -> Panel:
    lines = [f"{facts.count(event.programs, 'program')} in {facts.duration(event.seconds)}", f"hazards: {facts.hazard_line(event.hazards)}"]
    lines += facts.schedule_lines(event)
    lines += facts.suspicion_lines(event)
    lines += [f"not tried: {line}" for line in facts.never_tried(event.coverage, event.possible)]
    return Panel(Text("\n".join(lines)), title=Text(event.target), title_align="left", border_style="dim")
