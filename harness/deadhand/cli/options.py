"""What several verbs share: options, and how their texts are read."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

import typer

from deadhand.errors import UsageError

if TYPE_CHECKING:
    from deadhand.settings import Settings

FORMATS = ("rich", "plain", "jsonl")
Format = Annotated[str, typer.Option("--format", help="rich (plain where there is no terminal), plain or jsonl.")]
Case = Annotated[str, typer.Argument(metavar="CASE", help="A case file.", show_default=False)]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """`165`, `30s`, `3m` or `1h` in seconds. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"--time {text!r} is no time", remedy="a number of seconds, or a number with s, m or h: 165, 30s, 3m, 1h")
    return float(found[1]) * _UNITS[found[2]]


def modes(text: str) -> list[str]:
    """Evidence modes by name, comma between. Raises UsageError."""
    from deadhand.worker.evidence import MODES

    wanted = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [mode for mode in wanted if mode not in MODES]
    if unknown or not wanted:
        what = f"there is no evidence mode named {', '.join(unknown)}" if unknown else "--evidence names no mode"
        raise UsageError(what, remedy=f"one or more of: {','.join(MODES)}")
    return wanted


def at_least_one(name: str, number: int | None) -> None:
    """Raise UsageError for a count below one."""
    if number is not None and number < 1:
        raise UsageError(f"{name} {number}: it must be at least 1", remedy=f"{name} 1, or more")


def one_of(name: str, text: str, known: tuple[str, ...]) -> None:
    """Raise UsageError for an unknown choice."""
    if text not in known:
        raise UsageError(f"{name} {text!r} is not known", remedy=f"one of: {', '.join(known)}")


def settings() -> Settings:
    """Settings from the environment. Raises UsageError naming a variable that is no number."""
    from deadhand.settings import Settings

    try:
        return Settings.from_environment()
    except ValueError as error:
        raise UsageError(str(error)) from None


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
