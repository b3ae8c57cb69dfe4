"""`deadhand show`: a case for people. Needs neither the plan nor the library."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadhand.cli import options  # noqa: TC001  typer reads the annotations
from deadhand.errors import ExitCode

if TYPE_CHECKING:
    from deadhand.model.case import Case


def show(
    case: options.Case,
    html: Annotated[str | None, typer.Option(help="Write one self-contained HTML page here instead.", show_default=False)] = None,
) -> int:
    """Show a case: what each thread does, what went wrong, where it was found."""
    from deadhand.search.corpus import load_case

    loaded = load_case(Path(case))
    if html is not None:
        from deadhand.report.html import show_html

        Path(html).write_text(show_html(loaded, replay=f"deadhand replay {shlex.quote(case)}"), encoding="utf-8")
        typer.echo(f"wrote {html}")
    elif sys.stdout.isatty():
        _draw(loaded, case)
    else:
        _write(loaded, case)
    return int(ExitCode.CLEAN)


def _write(case: Case, path: str) -> None:
    from deadhand.report.facts import case_facts
    from deadhand.report.mad_titles import headline
    from deadhand.report.program_text import program_lines

    lines = [headline(case.mad, case.symptom), *[f"    {line}" for line in program_lines(case.program)], case.detail]
    lines += [f"{name}: {value}" for name, value in case_facts(case)]
    for line in [*lines, f"deadhand replay {shlex.quote(path)}"]:
        typer.echo(line)


def _draw(case: Case, path: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from deadhand.report.facts import case_facts
    from deadhand.report.lanes import lane_rows, lane_table
    from deadhand.report.mad_titles import headline

    console = Console(highlight=False)
    console.print(Text(headline(case.mad, case.symptom), style="bold red"))
    console.print(lane_table(*lane_rows(case.program, case.step)))
    console.print(Text(case.detail, style="bold"))
    facts = Table.grid(padding=(0, 2))
    for name, value in case_facts(case):
        facts.add_row(Text(name, style="dim"), Text(value))
    console.print(facts)
    console.print(Text(f"deadhand replay {shlex.quote(path)}", style="cyan"))
