"""Ledger: native objects alive must be back at the start's count once everything was dropped and collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """One finding for each ledger that is not back where it began."""
    findings = []
    for event in view.history.events:
        if event[0] == H.LEDGER and event[3] != event[2]:
            kind = "leak" if event[3] > event[2] else "freed twice"
            detail = f"{event[1]}() was {event[2]} before the program and {event[3]} after everything was dropped and collected"
            findings.append(Finding("ledger", kind, detail, phase="collect"))
    return findings
