"""`deadhand matrix`: the project's own exam: every planted bug must be found, every fixed twin must be silent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadhand.cli import options
from deadhand.errors import ExitCode, UsageError
from deadhand.model.schedule import HUNT_MODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.search.events import Event
    from deadhand.search.matrix import SpecimenResult

_FORMATS = ("rich", "jsonl", "markdown")
_COLUMNS = ("specimen", "class", "technology", "threads", "found", "class named", "programs to first", "steps", "steps, worst", "known minimum", "false alarms")


def matrix(
    classes: Annotated[list[str] | None, typer.Option("--class", help="Only specimens of this MAD class; may be repeated.", show_default=False)] = None,
    specimens: Annotated[list[str] | None, typer.Option("--specimen", help="Only this specimen; may be repeated.", show_default=False)] = None,
    seeds: Annotated[int, typer.Option(help="Hunts of each specimen, each with its own seed.")] = 1,
    twin_seeds: Annotated[int | None, typer.Option(help="Hunts of each fixed twin, of --programs programs each; default: as many as seeds.", show_default=False)] = None,
    programs: Annotated[int, typer.Option(help="At most this many programs per hunt.")] = 2000,
    root: Annotated[str, typer.Option(help="The folder of the specimens.")] = "native/specimens",
    evidence: Annotated[str, typer.Option(help="Evidence modes to rotate through, comma between.")] = "debug,poison,unmap,guard,stock",
    apart: Annotated[bool, typer.Option("--apart", help="Hunt with each of the evidence modes by itself, a line for each.")] = False,
    mode: Annotated[str, typer.Option(help="How overlapping steps run: mixed, controlled, serial (one after another) or free (threads left alone).")] = "mixed",
    jobs: Annotated[int | None, typer.Option(help="Children at once; default: one per processor.", show_default=False)] = None,
    format: Annotated[str, typer.Option(help="rich, jsonl or markdown.")] = "rich",  # noqa: A002  the option's name
) -> int:
    """Hunt every planted bug and its fixed twin: what is found, how soon, how small, and what is a false alarm."""
    options.one_of("--format", format, _FORMATS)
    options.one_of("--mode", mode, HUNT_MODES)
    wanted = tuple(options.modes(evidence))
    for name, number in (("--seeds", seeds), ("--twin-seeds", twin_seeds), ("--programs", programs), ("--jobs", jobs)):
        options.at_least_one(name, number)
    settings = options.settings()

    from deadhand.search.matrix import Exam, run_matrix

    if twin_seeds is not None and twin_seeds > seeds:
        raise UsageError(f"--twin-seeds is {twin_seeds}, and there are {seeds} seeds", remedy="give at most as many as --seeds")
    exam = Exam(programs, settings, seeds=seeds, twin_seeds=twin_seeds, jobs=jobs or options.processors(), evidence=wanted, mode=mode)
    results = run_matrix(exam, root=Path(root), classes=list(classes or []), names=list(specimens or []), apart=apart, emit=_emitter(format))
    if format == "markdown":
        _markdown(results)
    elif format == "rich":
        _table(results)
    if not results:
        return int(ExitCode.NOTHING_RAN)
    return int(ExitCode.CLEAN if all(each.good for each in results) else ExitCode.FINDINGS)


def _emitter(format: str) -> Callable[[Event], None]:  # noqa: A002
    """Results as they come: as JSON lines, or one line each on standard error."""
    if format == "jsonl":
        from deadhand.report.jsonl import JsonLines

        return JsonLines(sys.stdout)

    def say(event: Event) -> None:
        from deadhand.search.matrix import SpecimenResult

        if isinstance(event, SpecimenResult):
            what = "found" if event.found else "not hunted" if event.needs else "missed"
            typer.echo(f"{event.specimen}{f' by {event.evidence}' if event.evidence else ''}: {what}{f' ({event.note})' if event.note else ''}", err=True)

    return say


def row(result: SpecimenResult) -> list[str]:
    """One line of the table."""
    found = "yes" if result.found else result.note if result.needs else f"no: {result.note.splitlines()[0]}" if result.note else "no"
    if result.seeds > 1 and not result.needs:
        found += f" ({result.seeds_found}/{result.seeds})"
    named = "yes" if result.class_named else ", ".join(result.named) or ("" if result.needs else "no")
    numbers = [result.programs_to_first, result.steps, result.steps_most, result.known_minimum, result.false_alarms]
    name = f"{result.specimen} ({result.evidence})" if result.evidence else result.specimen
    return [name, result.mad, result.technology, str(result.threads), found, named, *["" if each is None else str(each) for each in numbers]]


def total(results: list[SpecimenResult]) -> str:
    """The line below the table."""
    found, named, alarms = sum(each.found for each in results), sum(each.class_named for each in results), sum(each.false_alarms for each in results)
    hunted = [each for each in results if not each.needs]
    rest = "".join(
        f"; {count} not hunted, {'it needs' if count == 1 else 'they need'} {what}"
        for needs, what in (("control", "control of schedules"), ("free-threading", "a free-threaded interpreter"))
        if (count := sum(each.needs == needs for each in results))
    )
    sized = [each for each in hunted if each.steps is not None]
    small = sum(each.steps is not None and each.steps <= each.known_minimum for each in sized)
    watched = min((each.twin_programs for each in results if each.twin_programs), default=0)
    silent = f"{alarms} false alarms" + (f" in {watched:,} programs of each twin" if watched else "")
    return f"{found} of {len(hunted)} found, {named} under their class, {small} as small as known to be possible; {silent}{rest}"


def _markdown(results: list[SpecimenResult]) -> None:
    typer.echo("| " + " | ".join(_COLUMNS) + " |")
    typer.echo("|" + "---|" * len(_COLUMNS))
    for each in results:
        typer.echo("| " + " | ".join(cell.replace("|", "\\|") for cell in row(each)) + " |")
    typer.echo(f"\n{total(results)}.")


def _table(results: list[SpecimenResult]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for each in results:
        table.add_row(*[Text(cell) for cell in row(each)], style="" if each.good else "red")
    console = Console(highlight=False)
    console.print(table)
    console.print(total(results))
