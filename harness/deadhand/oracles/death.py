"""Death: the child ended by a signal, an abort, or an exit nobody asked for.

Blind to a stale touch that happens not to fault; evidence modes are what makes more of them fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.history import FORK_EXIT, dying_step, stuck
from deadhand.model.status import DEADLOCK, FULL_JOURNAL, INTERNAL
from deadhand.model.verdict import Finding
from deadhand.oracles import memory, sanitizer

if TYPE_CHECKING:
    from deadhand.oracles.view import View

_FROM_OUTSIDE = ("SIGKILL", "SIGXFSZ", "SIGXCPU", "SIGTERM")


def judge(view: View) -> list[Finding]:
    """At most one finding."""
    death = view.history.death
    if death is None or death.kind == "hang":
        return []
    if death.kind == "exit" and death.name == str(DEADLOCK) and stuck(view.history) is not None:
        return []  # the oracle deadlock says it
    step = dying_step(view.history)
    phase = view.history.phase()
    if phase == FORK_EXIT:  # the forked process was leaving: as at any other exit, no step of the program was under way
        step, phase = 0, "exit"
    where = f"during step {step}" if step else f"in the phase '{phase}' after the last step"
    if death.kind == "signal":
        certain = death.name not in _FROM_OUTSIDE
        account = memory.fatal(view.history)
        why = f": {account.kind}, {memory.sentence(view.program, account)}{memory.ended_before(view, account)}" if account is not None else _abort(death.stderr)
        return [Finding("death", death.name, f"the process died of {death.name} {where}{why}", step, phase, certain=certain)]
    if death.name == str(INTERNAL):
        return [Finding("death", "broken", f"the interpreter was too damaged for the harness to go on, {where}", step, phase, certain=False)]
    if death.name == str(FULL_JOURNAL):
        return [Finding("death", "journal full", f"the program's history did not fit into the journal, {where}", step, phase, certain=False)]
    return [Finding("death", f"exit {death.name}", f"the process exited with status {death.name} {where}", step, phase)]


def _abort(stderr: str) -> str:
    """The words with which a sanitizer, the C library or the interpreter said why it aborted."""
    if sanitized := sanitizer.sentence(stderr):
        return f": {sanitized}"
    for line in stderr.splitlines():
        text = line.strip().strip("\0")
        if text.startswith(("free()", "malloc", "double free", "realloc()", "munmap_chunk()", "corrupted", "Fatal Python error", "Debug memory block", "thread '")) and "Segmentation fault" not in text:
            return f": {text[:120]}"
    return ""
