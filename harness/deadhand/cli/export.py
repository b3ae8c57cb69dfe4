"""`deadhand export`: a case as one plain Python script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deadhand.cli import options  # noqa: TC001  typer reads the annotations
from deadhand.errors import ExitCode


def export(
    case: options.Case,
    output: Annotated[str | None, typer.Option("--output", "-o", help="Write the script here instead of to standard output.", show_default=False)] = None,
) -> int:
    """Write a case as one plain Python script that needs nothing but the library."""
    from deadhand.report.script import export_script
    from deadhand.search.corpus import load_case
    from deadhand.search.replay import target_of

    path = Path(case)
    loaded = load_case(path)
    text = export_script(loaded, target_of(loaded, path))
    if output is None:
        typer.echo(text, nl=False)
    else:
        Path(output).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {output}; run it: python -X faulthandler {output}")
    return int(ExitCode.CLEAN)
