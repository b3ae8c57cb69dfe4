"""Boundary: what must never cross it: SystemError (a C function broke the protocol), PanicException (a Rust panic)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.verdict import Finding
from deadhand.oracles import borrow

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """One finding for each step that let one through."""
    findings = []
    for ran in view.timeline.ran:
        broken = next((name for name in ran.raised if name == "builtins.SystemError" or name.endswith(".PanicException")), None)
        if broken is not None and not borrow.concerns(view, ran):  # the oracle borrow says it
            short = broken.rpartition(".")[2]
            findings.append(Finding("boundary", short, f"step {ran.number} raised {short}: {ran.message}", ran.number))
    return findings
