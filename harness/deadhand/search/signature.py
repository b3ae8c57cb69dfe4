"""What makes two finds the same: MAD class, symptom, and the step that shows it with what runs inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.program import hostiles
from deadhand.search.labels import labels

if TYPE_CHECKING:
    from deadhand.model.program import Program
    from deadhand.model.verdict import Finding
    from deadhand.target.describe import Description


def trigger(target: Description, program: Program, finding: Finding) -> str:
    """The label of the step that shows the finding, or of the call it runs inside when the step itself is an ordinary one.

    For what shows only after the end: of the steps that matter.
    """
    named = labels(target, program)
    steps = {number: (step, inside) for number, step, inside in program.walk()}
    number = finding.step
    if "(" in named.get(number, ""):
        return named[number]  # out of the ordinary by itself, wherever it runs
    while number in steps and steps[number][1]:
        number = steps[number][1]
    if number in named:
        return named[number]
    outer = {at: text for at, text in named.items() if not steps[at][1]}
    odd = [text for at, text in outer.items() if any(hostiles(steps[at][0])) or "(" in text]
    return " + ".join(odd[:3]) or " + ".join([text for text in outer.values() if not text.startswith("@")][-2:])


def symptom(finding: Finding) -> str:
    """The sort of symptom, signals of one family together: which one it is depends on the memory's contents."""
    if finding.oracle == "death" and finding.kind.startswith("SIG"):
        return "crash"
    return finding.kind


def signature(target: Description, program: Program, finding: Finding) -> str:
    """One line; stable across evidence modes and runs."""
    return f"{finding.mad}:{finding.oracle} {symptom(finding)} in {trigger(target, program, finding)}"
