"""Verdicts and findings. PASS < UNKNOWN < FLAKY < VIOLATION; a crashed oracle is UNKNOWN, never PASS."""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Verdict(IntEnum):
    """How bad; the larger wins when several oracles speak."""

    PASS = 0
    UNKNOWN = 1
    FLAKY = 2
    VIOLATION = 3


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one oracle says of one run.

    `step` is the number of the step during which it showed (0: after the last). `kind` is the coarse sort of the
    symptom (`SIGSEGV`, `hang`, `not raised` …); `detail` one sentence for a person. `handles` are the variables it is about.
    """

    oracle: str
    kind: str
    detail: str
    step: int = 0
    phase: str = "steps"
    mad: str = ""
    handles: tuple[str, ...] = ()
    certain: bool = True
