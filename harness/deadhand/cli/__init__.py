"""The command line: one file per verb. What a verb needs is imported when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Optional

import typer

from deadhand.cli import doctor, export, hunt, matrix, replay, show, shrink
from deadhand.errors import DeadhandError, ExitCode

app = typer.Typer(
    name="deadhand",
    help="Hunts cross-runtime lifetime bugs: handles whose native half is gone, and native code that outlives its Python objects.",
    epilog="Exit codes: 0 clean, 1 findings, 2 usage, 3 a plan is wrong, 4 a case is wrong, 5 nothing ran, 6 unsupported here, 70 a defect of deadhand, 130 interrupted.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
for _verb in (hunt.hunt, replay.replay, shrink.shrink, show.show, export.export, doctor.doctor, matrix.matrix):
    app.command()(_verb)

_USAGE: type[Exception] = typer.BadParameter.__mro__[1]
"""click's UsageError, wherever this typer keeps click."""


@app.callback(invoke_without_command=True)
def _root(version: Annotated[Optional[bool], typer.Option("--version", help="Print the version and exit.", is_eager=True)] = None) -> None:  # noqa: UP045  typer reads it on 3.10
    if version:
        import deadhand

        typer.echo(f"deadhand {deadhand.__version__}")
        raise typer.Exit


def main() -> None:
    """The entry point: runs the verb and leaves with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command line; its exit code. The one place where errors become text."""
    try:
        code = app(args=arguments, prog_name="deadhand", standalone_mode=False)
    except DeadhandError as error:
        typer.echo(f"deadhand: {error}", err=True)
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):  # which of them, or the code alone, depends on typer's version
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None
        return int(ExitCode.CLEAN)
    except Exception as error:  # noqa: BLE001  whatever it is, the user is told, and the shell gets a code
        return _unforeseen(error)
    if code == ExitCode.INTERRUPTED:
        typer.echo("deadhand: interrupted", err=True)
    return int(code) if isinstance(code, int) else int(ExitCode.CLEAN)


def _unforeseen(error: Exception) -> int:
    if isinstance(error, _USAGE.__mro__[1]):  # click's own: a wrong option
        error.show()  # type: ignore[attr-defined]
        return int(ExitCode.USAGE)
    traceback.print_exception(error)
    typer.echo("deadhand: this is a defect of deadhand; please report it with the lines above and the output of deadhand doctor", err=True)
    return int(ExitCode.INTERNAL)
