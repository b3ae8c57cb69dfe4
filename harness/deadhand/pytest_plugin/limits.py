"""What the options and ini settings amount to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

EVIDENCE = ("debug", "poison", "unmap", "guard", "stock")


@dataclass(frozen=True)
class Limits:
    """How far each hunt goes and where its finds are kept. `corpus` is absolute."""

    programs: int
    seconds: float
    seed: int
    evidence: tuple[str, ...]
    corpus: Path
    save: bool

    def describe(self) -> str:
        """A line for the report."""
        kept = "" if self.save else ", new finds are not kept"
        return f"{self.programs} programs or {self.seconds:g} s each, seed {self.seed}, evidence {', '.join(self.evidence)}{kept}"


def read_limits(config: pytest.Config) -> Limits:
    """Options, where given, before ini settings. Raises pytest.UsageError naming what is wrong and the remedy."""
    programs, seconds = _value(config, "programs"), _value(config, "seconds")
    for name, number in (("programs", programs), ("seconds", seconds)):
        if number <= 0:
            message = f"deadhand: {_source(config, name)} is {number:g}; it must be more than 0. remedy: give a larger number, or deselect with -m 'not deadhand'"
            raise pytest.UsageError(message)
    return Limits(
        programs=programs,
        seconds=seconds,
        seed=_value(config, "seed"),
        evidence=_evidence(config),
        corpus=config.rootpath / str(_value(config, "corpus")),
        save=not config.getoption("--deadhand-no-save"),
    )


def _evidence(config: pytest.Config) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(part for part in str(_value(config, "evidence") or "").replace(",", " ").split()))
    unknown = [mode for mode in wanted if mode not in EVIDENCE]
    if unknown:
        message = f"deadhand: {_source(config, 'evidence')} names no evidence mode: {', '.join(unknown)}. remedy: one or more of {','.join(EVIDENCE)}"
        raise pytest.UsageError(message)
    return wanted or EVIDENCE


def _value(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"--deadhand-{name}")
    if given is not None:
        return given
    try:
        return config.getini(f"deadhand_{name}")
    except (TypeError, ValueError, pytest.UsageError) as error:
        message = f"deadhand: {_source(config, name)} cannot be read: {error}. remedy: correct it in {config.inipath}"
        raise pytest.UsageError(message) from None


def _source(config: pytest.Config, name: str) -> str:
    return f"--deadhand-{name}" if config.getoption(f"--deadhand-{name}") is not None else f"the ini setting deadhand_{name}"
