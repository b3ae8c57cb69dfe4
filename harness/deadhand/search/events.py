"""What a hunt says while it runs: the only interface between search and report."""

from __future__ import annotations

import msgspec

from deadhand.model.program import Program


class Event(msgspec.Struct, frozen=True, tag_field="event"):
    """Base of all events; `event` is the tag in JSON lines."""


class HuntStarted(Event, frozen=True, tag="started"):
    """A hunt begins. `seconds` and `programs` are its budget, null for no limit."""

    targets: list[str]
    evidence: list[str]
    seed: int
    seconds: float | None
    programs: int | None


class TargetSkipped(Event, frozen=True, tag="skipped"):
    """A target cannot run here; the others do."""

    target: str
    reason: str
    remedy: str


class TargetFailed(Event, frozen=True, tag="error"):
    """A plan is wrong, or its library cannot be imported."""

    target: str
    message: str
    remedy: str


class TargetStarted(Event, frozen=True, tag="target"):
    """A target begins. `evidence` tells for each mode "looks", or why it is blind here; `notes` are warnings (threads in the zygote …)."""

    target: str
    evidence: dict[str, str]
    notes: list[str]


class Progress(Event, frozen=True, tag="progress"):
    """How far a target is. `rate` in programs per second; `hazards` counts programs by hazard; seconds_left of the whole hunt."""

    target: str
    programs: int
    rate: float
    hazards: dict[str, int]
    findings: int
    unconfirmed: int
    seconds_left: float | None


class Phase(Event, frozen=True, tag="phase"):
    """Something slow begins for a target: "confirming", "minimising"; `detail` is one line."""

    target: str
    phase: str
    detail: str


class Found(msgspec.Struct, frozen=True):
    """One confirmed finding, as it stands in the summary. `reproduced` reads "k/n"; `schedule` says how overlapping steps ran, empty where none overlap; `schedules_to_first` counts runs with overlapping steps."""

    target: str
    mad: str
    verdict: str
    signature: str
    steps: int
    threads: int
    case: str
    reproduced: str
    programs_to_first: int
    oracle: str
    symptom: str
    detail: str
    evidence: str
    known: bool = False
    schedule: str = ""
    schedules_to_first: int = 0


class FindingEvent(Event, frozen=True, tag="finding"):
    """A finding is confirmed, minimised and kept.

    `trace`: what the child left on standard error (the Python stack of a crash) or the stacks of a hang, shortened.
    `memory`: the native stacks that the page guard took where the memory was allocated, freed and touched.
    """

    finding: Found
    program: Program
    trace: list[str]
    memory: list[str] = []


class TargetDone(Event, frozen=True, tag="done"):
    """A target's share is over. `coverage` counts tried pairs: operation, then state of its handle; `possible` are the states that it can meet.

    `unconfirmed` suspicions did not repeat alone; `waiting` ones were not looked into any more, for want of time. `policies` tells for each
    policy of scheduling how many schedules ran and how many were suspicious; `uncontrolled` why how many of them were not fully controlled.
    """

    target: str
    programs: int
    seconds: float
    hazards: dict[str, int]
    coverage: dict[str, dict[str, int]]
    unconfirmed: int
    waiting: int = 0
    possible: dict[str, list[str]] = {}
    policies: dict[str, tuple[int, int]] = {}
    uncontrolled: dict[str, int] = {}


class Summary(Event, frozen=True, tag="summary"):
    """The last event. `errors` are plans that could not be loaded; `skipped` targets whose library is missing."""

    targets: list[str]
    findings: list[Found]
    programs: int
    seconds: float
    skipped: list[str]
    errors: list[str]
    seed: int
    interrupted: bool = False
