"""Observation: a read after the end of a life must raise or give the answer recorded just before the end.

Also sees freed memory's fill byte in any result. Blind to stale memory that still holds the old bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.timeline import Ran, State
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """One finding for each read that lied, and one for each result that shows freed memory."""
    findings = []
    text = view.program.encode() if any(ran.fill is not None for ran in view.timeline.ran) else b""
    for ran in view.timeline.ran:
        if ran.fill is not None and f"{ran.fill:02x}".encode() * 4 not in text and not _is_fill_of_ours(ran, text):
            findings.append(Finding("observation", "freed memory", f"the result of step {ran.number} holds 0x{ran.fill:02X}, which freed memory is filled with", ran.number))
        operation = view.timeline.operation(ran)
        if operation is None or not operation.reads or operation.identity or ran.shown is None or ran.concurrent:
            continue
        found = _compare(view, ran)
        if found is not None:
            findings.append(found)
    return findings


def _is_fill_of_ours(ran: Ran, text: bytes) -> bool:
    """Whether the program itself wrote that byte."""
    return f'"fill":{ran.fill}'.encode() in text


def ending_step(state: State) -> int:
    """The step that ended the life or the epoch of a handle, or dropped what it was made from; 0 when none did."""
    ends = [each for each in (state.disposed, state.ended, state.parent_disposed, state.parent_dropped, state.resurrected) if each]
    return min(ends, default=0)


def _compare(view: View, ran: Ran) -> Finding | None:
    revived = view.timeline.revived(ran)
    for state in ran.states:
        if state.unsure or state.name in revived:
            continue
        for end in sorted({state.disposed, state.ended, state.parent_disposed, state.parent_dropped, state.resurrected} - {0}):
            before = next((shown for at, shown in view.timeline.observed.get(ran.number, ()) if at == end), None)
            if before is None or before == ran.shown or _changed_since(view, state, end, ran.number):
                continue
            return Finding(
                "observation",
                "wrong answer",
                f"step {ran.number} read {ran.shown} from {state.name}; just before step {end} ended it, the answer was {before}",
                ran.number,
                handles=(state.name,),
            )
    return None


def _changed_since(view: View, state: State, end: int, read: int) -> bool:
    """Whether another step may rightly have changed the answer in between: a use of the handle or of one beside it."""
    timeline = view.timeline
    own_parents = timeline.ancestors(state.name)
    for ran in timeline.ran:
        operation = timeline.operation(ran)
        if not end < ran.number < read or operation is None or not ran.returned or operation.reads or operation.creates or operation.ends:
            continue
        for other in ran.states:
            if other.name == state.name or (own_parents & timeline.ancestors(other.name)) or other.name in own_parents:
                return True
    return False
