"""`deadhand hunt`: attack targets, keep what breaks."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadhand.cli import options
from deadhand.errors import CaseError, ExitCode
from deadhand.model.schedule import HUNT_MODES as MODES

if TYPE_CHECKING:
    from deadhand.search.events import Found, Summary


def hunt(
    targets: Annotated[list[str] | None, typer.Argument(metavar="[TARGET]...", help="path.py[:Class], module[:Class] or a folder of plans; default: strategies.", show_default=False)] = None,
    time: Annotated[str, typer.Option(help="Wall-clock time for all targets together: seconds, or 30s, 3m, 1h.")] = "165",
    programs: Annotated[int | None, typer.Option(help="At most this many programs per target.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(help="Make the random choices repeatable.", show_default=False)] = None,
    evidence: Annotated[str, typer.Option(help="Evidence modes to rotate through, comma between.")] = "debug,poison,unmap,guard,stock",
    corpus: Annotated[str, typer.Option(help="The folder where cases are kept.")] = "corpus",
    format: options.Format = "rich",  # noqa: A002  the option's name
    mode: Annotated[str, typer.Option(help="How overlapping steps run: mixed, controlled, serial (one after another) or free (threads left alone).")] = "mixed",
    jobs: Annotated[int | None, typer.Option(help="Children at once; default: one per processor.", show_default=False)] = None,
    include_unsafe: Annotated[bool, typer.Option("--include-unsafe", help="Also call what the library documents as unsafe.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep no case.")] = False,
) -> int:
    """Hunt lifetime bugs in the given targets until the time is over; keep what is found as cases."""
    options.one_of("--format", format, options.FORMATS)
    options.one_of("--mode", mode, MODES)
    options.at_least_one("--programs", programs)
    options.at_least_one("--jobs", jobs)
    wanted = options.modes(evidence)
    seconds = options.seconds(time)
    settings = options.settings()

    from deadhand.report.base import reporter
    from deadhand.search import campaign
    from deadhand.settings import Budget

    report = reporter(format, sys.stdout)
    with contextlib.redirect_stdout(sys.stderr):  # what a plan or Hypothesis prints must not spoil the report
        try:
            summary = campaign.hunt(
                list(targets or []),
                budget=Budget(seconds, programs),
                seed=seed,
                modes=wanted,
                corpus=None if no_save else Path(corpus),
                settings=settings,
                jobs=jobs or options.processors(),
                include_unsafe=include_unsafe,
                emit=report,
                schedules=mode,
            )
        finally:
            report.close()
    return int(exit_code(summary))


def exit_code(summary: Summary) -> ExitCode:
    """What the shell is told of a hunt."""
    if summary.interrupted:
        return ExitCode.INTERRUPTED
    if any(not _is_expected(found) for found in summary.findings):
        return ExitCode.FINDINGS
    if summary.errors:
        return ExitCode.PLAN_ERROR
    return ExitCode.CLEAN if summary.targets else ExitCode.NOTHING_RAN


def _is_expected(found: Found) -> bool:
    """Whether the corpus knows it as a hazard that the library accepts."""
    if not found.known or not found.case:
        return False
    from deadhand.search.corpus import load_case

    try:
        return load_case(Path(found.case)).status == "expected"
    except CaseError:
        return False
