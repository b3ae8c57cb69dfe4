"""`deadhand replay`: run cases again and compare with what their status promises."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deadhand.cli import options
from deadhand.errors import ExitCode, TargetSkipped, UsageError

if TYPE_CHECKING:
    from deadhand.model.case import Case
    from deadhand.search.replay import Replayed


def replay(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Case files or folders of them; default: corpus.", show_default=False)] = None,
    times: Annotated[int, typer.Option(help="Runs of each case, each alone in a fresh child.")] = 3,
    evidence: Annotated[str | None, typer.Option(help="An evidence mode other than each case's own.", show_default=False)] = None,
    valgrind: Annotated[bool, typer.Option("--valgrind", help="Also say what valgrind sees of each case; takes seconds each.")] = False,
    format: options.Format = "rich",  # noqa: A002  the option's name
) -> int:
    """Replay cases: open ones must still reproduce, fixed ones must pass, expected ones are only reported."""
    options.one_of("--format", format, options.FORMATS)
    options.at_least_one("--times", times)
    mode = options.modes(evidence)[0] if evidence is not None else None
    settings = options.settings()

    from deadhand.search.replay import replay_case

    done: list[Replayed] = []
    for path in case_paths(paths or ["corpus"]):
        result = replay_case(path, settings=settings, times=times, mode=mode)
        done.append(result)
        _say(result, format)
        if valgrind and result.error is None and result.case is not None:
            _say_opinion(path, result.case, format)
    if not done:
        raise UsageError(f"there is no case in {', '.join(paths or ['corpus'])}", remedy="cases are *.json files, written by deadhand hunt")
    code = exit_code(done)
    if format != "jsonl":
        good = sum(each.ok for each in done)
        typer.echo(f"{good} of {len(done)} cases as their status promises")
    return int(code)


def _say_opinion(path: Path, case: Case, format: str) -> None:  # noqa: A002
    from deadhand.report.script import export_script
    from deadhand.search.replay import target_of
    from deadhand.worker.valgrind import opinion

    told = opinion(export_script(case, target_of(case, path)), case.evidence)
    if format == "jsonl":
        sys.stdout.write(json.dumps({"event": "valgrind", "path": str(path), "message": told}) + "\n")
        sys.stdout.flush()
    else:
        typer.echo(f"        {told}")


def case_paths(names: list[str]) -> list[Path]:
    """The case files that `names` stand for, folders replaced by what is in them. Raises UsageError for a missing name."""
    from deadhand.search.corpus import Corpus

    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found += Corpus(path).paths()
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"there is no file or folder {name}", remedy="name case files or folders of them: deadhand replay corpus/")
    return list(dict.fromkeys(found))


def exit_code(done: list[Replayed]) -> ExitCode:
    """What the shell is told: a case that broke its promise first, then cases that could not be run."""
    if any(not each.ok and each.error is None for each in done):
        return ExitCode.FINDINGS
    errors = [each.error for each in done if each.error is not None and not isinstance(each.error, TargetSkipped)]
    if errors:
        return errors[0].exit_code
    return ExitCode.CLEAN if any(each.error is None for each in done) else ExitCode.NOTHING_RAN


def _word(result: Replayed) -> str:
    if isinstance(result.error, TargetSkipped):
        return "skipped"
    return "error" if result.error is not None else "ok" if result.ok else "FAILED"


def _say(result: Replayed, format: str) -> None:  # noqa: A002
    if format == "jsonl":
        record = {
            "event": "replayed",
            "path": str(result.path),
            "target": result.case.target if result.case else None,
            "mad": result.case.mad if result.case else None,
            "status": result.case.status if result.case else None,
            "reproduced": result.reproduced,
            "runs": result.runs,
            "ok": result.ok,
            "message": result.message,
            "error": type(result.error).__name__ if result.error is not None else None,
        }
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()
        return
    word = _word(result)
    colour = {"ok": "green", "FAILED": "red", "error": "red"}.get(word, "yellow")
    shown = typer.style(f"{word:<7}", fg=colour) if format == "rich" and sys.stdout.isatty() else f"{word:<7}"
    headline = f"{result.case.mad} " if result.case is not None and result.case.mad else ""
    typer.echo(f"{shown} {result.path}: {headline}{result.message}")
