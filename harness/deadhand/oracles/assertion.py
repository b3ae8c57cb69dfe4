"""Assertion: an `assert` in the plan itself failed: the library gave a wrong value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """One finding for each assertion that failed."""
    return [
        Finding("assertion", "wrong value", f"an assertion in {ran.step.do} failed in step {ran.number}: {ran.message or 'no message'}", ran.number)
        for ran in view.timeline.ran
        if ran.in_plan
    ]
