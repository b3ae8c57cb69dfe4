"""`deadhand shrink`: make a case smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deadhand.cli import options
from deadhand.errors import ExitCode


def shrink(
    case: options.Case,
    output: Annotated[str | None, typer.Option(help="Write the smaller case here and leave the original alone.", show_default=False)] = None,
) -> int:
    """Look for a smaller program that shows the same, and write it back."""
    settings = options.settings()

    from deadhand.report.program_text import program_lines
    from deadhand.search.corpus import load_case, write_case
    from deadhand.search.replay import shrink_case

    path = Path(case)
    before = load_case(path)
    if output is not None:
        path = Path(output)
        write_case(path, before)
    try:
        after = shrink_case(path, settings=settings)
    except BaseException:
        if output is not None:
            path.unlink(missing_ok=True)
        raise
    old, new = before.program.size(), after.program.size()
    told = f"from {old} to {new} steps" if new < old else f"{old} steps: nothing smaller shows it"
    typer.echo(f"{path}: {told}")
    for line in program_lines(after.program):
        typer.echo(f"    {line}")
    return int(ExitCode.CLEAN)
