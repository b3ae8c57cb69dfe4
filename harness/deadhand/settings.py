"""Every knob and environment variable of deadhand, in one place; docs/reference.md lists them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields

PREFIX = "DEADHAND_"


@dataclass(frozen=True)
class Settings:
    """Limits of a run. Each can be set by an environment variable: DEADHAND_ and the name in capitals.

    hang_seconds: wall-clock seconds without any step begun or ended, after which a child is called hung.
    memory_mib: address space a child may grow by, in MiB. file_mib: largest file a child may write, in MiB.
    journal_mib: size of a lane's shared journal. batch: programs per warm child. confirm: times a finding must repeat
    alone in a fresh child. confirm_threads: the same for programs with overlapping threads. shrink_runs: most children
    spent on shrinking one finding, shrink_seconds: longest time for it. start_seconds: seconds a zygote may take to import its target.
    schedules: how many schedules a program with overlapping steps is given. decisions: decisions of one controlled schedule,
    after which it is a livelock.
    """

    hang_seconds: float = 5.0
    memory_mib: int = 4096
    file_mib: int = 2048
    journal_mib: int = 8
    batch: int = 40
    confirm: int = 3
    confirm_threads: int = 20
    shrink_runs: int = 400
    shrink_seconds: float = 6.0
    start_seconds: float = 60.0
    schedules: int = 6
    decisions: int = 20_000

    @classmethod
    def from_environment(cls, environment: dict[str, str] | None = None) -> Settings:
        """The defaults, overridden by DEADHAND_* variables. Raises ValueError naming a variable that is no number above 0."""
        known = os.environ if environment is None else environment
        changes: dict[str, float] = {}
        for each in fields(cls):
            variable = PREFIX + each.name.upper()
            text = known.get(variable)
            if text is None:
                continue
            kind = "whole number" if type(each.default) is int else "number"
            try:
                value = type(each.default)(text)  # type: ignore[misc]
            except ValueError:
                message = f"{variable}={text!r} is no {kind}; unset it or give a {kind} above 0"
                raise ValueError(message) from None
            if not 0 < value < math.inf:
                message = f"{variable}={text!r} is out of range; unset it or give a {kind} above 0"
                raise ValueError(message)
            changes[each.name] = value
        return cls(**changes)  # type: ignore[arg-type]


@dataclass
class Budget:
    """How long a hunt may go on: whichever of the two ends first. `seconds` is wall clock; None means no limit."""

    seconds: float | None = 165.0
    programs: int | None = None
