"""A case: a program, what it did, and where. One JSON file in a corpus, to be replayed for ever. Data, never code."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from deadhand.errors import CaseError
from deadhand.model.program import Program
from deadhand.model.schedule import wrong

FORMAT = 3
"""The newest version of the file format; this one and older ones are read. 2 is written only where there is a schedule, 3 where an await is cut short."""

STATUSES = ("open", "fixed", "expected")
"""open: must still reproduce. fixed: must pass. expected: a hazard that the library documents and accepts."""


class Environment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a case was found. `libraries` are versions of distributions by name."""

    python: str = ""
    platform: str = ""
    deadhand: str = ""
    libraries: dict[str, str] = {}


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One find. `signature` is what it is deduplicated by; `reproduced` reads "k/n" runs alone in a fresh child.

    `evidence` names the mode it was confirmed in; `oracle`, `symptom` and `detail` are the finding's. `control` says how far
    its schedule was controlled ("full", "partial", "none"), `why` what was not.
    """

    format: int
    target: str
    program: Program
    status: str = "open"
    verdict: str = "VIOLATION"
    mad: str = ""
    signature: str = ""
    oracle: str = ""
    symptom: str = ""
    detail: str = ""
    step: int = 0
    evidence: str = "stock"
    reproduced: str = ""
    control: str = ""
    why: tuple[str, ...] = ()
    programs_to_first: int = 0
    environment: Environment = Environment()
    link: str = ""
    note: str = ""

    @staticmethod
    def format_of(program: Program) -> int:
        """The oldest format in which a case of `program` can be written."""
        if any(step.flight for _, step, _ in program.walk()):
            return 3
        return 1 if program.schedule is None else 2

    def encode(self) -> bytes:
        """The text of the case file."""
        return json.dumps(msgspec.to_builtins(self), indent=1, ensure_ascii=True, sort_keys=False).encode() + b"\n"


def decode_case(data: bytes, where: str) -> Case:
    """The case in the bytes of a file named `where`.

    Raises CaseError, naming the file, for text that is no JSON (truncated), no case, of a newer format, or of unknown status.
    """
    try:
        raw: Any = json.loads(data)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise CaseError(f"{where}: not JSON: {error}", remedy="the file is truncated or damaged; restore it, or delete it") from None
    number = raw.get("format") if isinstance(raw, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise CaseError(f"{where}: not a deadhand case: it has no format number", remedy="cases are written by deadhand hunt")
    if number > FORMAT:
        raise CaseError(f"{where}: written in format {number}; this deadhand reads up to {FORMAT}", remedy="python -m pip install --upgrade deadhand")
    try:
        case = msgspec.convert(raw, Case)
    except (msgspec.ValidationError, RecursionError) as error:
        raise CaseError(f"{where}: not a valid case: {error}", remedy="restore the file, or delete it; docs/reference.md has the schema") from None
    if case.status not in STATUSES:
        raise CaseError(f"{where}: status {case.status!r} is not one of {', '.join(STATUSES)}", remedy='set "status" to one of them')
    if case.program.schedule is not None and (what := wrong(case.program.schedule)):
        raise CaseError(f"{where}: {what}", remedy="python -m pip install --upgrade deadhand, or delete the schedule: the program then runs on free threads")
    return case


def schema() -> dict[str, Any]:
    """The JSON schema of a case file."""
    return msgspec.json.schema(Case)
