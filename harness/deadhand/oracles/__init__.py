"""Judges of a run: one oracle per file, each a pure function from (target, program, history) to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.program import replace
from deadhand.model.verdict import Finding, Verdict
from deadhand.oracles import (
    assertion,
    borrow,
    boundary,
    contract,
    deadlock,
    death,
    growth,
    hang,
    identity,
    ledger,
    liveness,
    loop,
    memory,
    observation,
    unraisable,
)
from deadhand.oracles.classes import mad_class
from deadhand.oracles.timeline import Timeline, build_timeline
from deadhand.oracles.view import View

if TYPE_CHECKING:
    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.target.describe import Description

ORACLES = {
    "death": death.judge,
    "deadlock": deadlock.judge,
    "memory": memory.judge,
    "hang": hang.judge,
    "borrow": borrow.judge,
    "boundary": boundary.judge,
    "identity": identity.judge,
    "observation": observation.judge,
    "contract": contract.judge,
    "assertion": assertion.judge,
    "loop": loop.judge,
    "ledger": ledger.judge,
    "liveness": liveness.judge,
    "growth": growth.judge,
    "unraisable": unraisable.judge,
}
"""Every oracle, the weightiest first."""


def judge(target: Description, program: Program, history: History) -> list[Finding]:
    """All findings of one run, the weightiest first, each with its MAD class. A crashed oracle gives an UNKNOWN finding."""
    return examine(target, program, history)[0]


def examine(target: Description, program: Program, history: History) -> tuple[list[Finding], Timeline]:
    """As `judge`, with the timeline that was read on the way."""
    try:
        timeline = build_timeline(target, program, history)
    except Exception as error:  # noqa: BLE001  a child may have forged its records
        return [Finding("death", "forged history", f"{type(error).__name__}: {error}", certain=False)], Timeline(target, program, {})
    view = View(target, program, history, timeline)
    findings: list[Finding] = []
    for name, oracle in ORACLES.items():
        try:
            found = oracle(view)
        except Exception as error:  # noqa: BLE001  an oracle's own defect must not read as PASS
            findings.append(Finding(name, "oracle crashed", f"{type(error).__name__}: {error}", certain=False))
            continue
        findings += [_classified(view, each) for each in found]
    if history.damage is not None and history.death is None:
        findings.append(Finding("death", "damaged journal", history.damage, certain=False))
    return findings, view.timeline


def verdict(findings: list[Finding]) -> Verdict:
    """The verdict of one run; FLAKY is only known after several."""
    if not findings:
        return Verdict.PASS
    return Verdict.VIOLATION if any(each.certain for each in findings) else Verdict.UNKNOWN


def _classified(view: View, finding: Finding) -> Finding:
    classified: Finding = finding if finding.mad else replace(finding, mad=mad_class(view, finding))
    return classified
