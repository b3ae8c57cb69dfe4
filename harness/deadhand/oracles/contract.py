"""Contract: what the plan says of a handle that is gone. Steps that ran beside another, or were cut short by the program, are not judged.

Blind to what happens to a handle whose disposal itself failed: nothing is promised of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.program import hostiles
from deadhand.model.verdict import Finding
from deadhand.target.contract import must_raise

if TYPE_CHECKING:
    from deadhand.oracles.timeline import Ran, State
    from deadhand.oracles.view import View
    from deadhand.target.contract import Expectation
    from deadhand.target.describe import Operation

_ARGUMENT_ERRORS = ("builtins.TypeError", "builtins.ValueError", "builtins.OverflowError", "builtins.MemoryError", "builtins.RecursionError")


def judge(view: View) -> list[Finding]:
    """One finding for each step that broke the contract of a handle it was given."""
    findings = []
    for ran in view.timeline.ran:
        operation = view.timeline.operation(ran)
        if operation is None or not ran.over or ran.concurrent or ran.step.flight:
            continue
        revived = view.timeline.revived(ran)
        for state in ran.states:
            if state.unsure or state.uninitialised or state.name in revived:
                continue
            found = _judge_state(view, ran, operation, state)
            if found is not None:
                findings.append(found)
                break
    return findings


def _judge_state(view: View, ran: Ran, operation: Operation, state: State) -> Finding | None:
    kind = view.target.kinds.get(state.kind)
    if kind is None:
        return None
    if kind.threads == "creator" and ran.step.thread != state.thread and ran.returned:
        return _finding(ran, state, "returned", f"step {ran.number} returned on thread {ran.step.thread} although {state.name} belongs to thread {state.thread}", "MAD-20")
    if state.disposed:
        if state.kind in operation.disposes:
            return _compare(ran, state, kind.second_dispose, f"{state.name} was already disposed of by step {state.disposed}")
        if operation.reads and operation.after_dispose is None:
            return None
        expected = operation.after_dispose or kind.after_dispose
        return _compare(ran, state, expected, f"{state.name} was disposed of by step {state.disposed}")
    if state.parent_disposed and state.kind not in operation.disposes and not operation.reads:
        return _compare(ran, state, kind.when_parent_disposed, f"the parent of {state.name} was disposed of by step {state.parent_disposed}")
    return None


def _compare(ran: Ran, state: State, expected: Expectation, why: str) -> Finding | None:
    if ran.returned:
        if expected.may_return:
            return None
        return _finding(ran, state, "returned", f"step {ran.number} returned although {why}; the contract says it must {expected}")
    if expected.allows_exception(ran.raised) or expected is must_raise or not ran.raised:
        return None
    if ran.raised[0] in _ARGUMENT_ERRORS or "deadhand.worker.fire.Raised" in ran.raised or any(hostiles(ran.step)):
        return None
    return _finding(ran, state, "wrong exception", f"step {ran.number} raised {ran.raised[0]} ({ran.message}) and {why}; the contract says it must {expected}")


def _finding(ran: Ran, state: State, kind: str, detail: str, mad: str = "") -> Finding:
    return Finding("contract", kind, detail, ran.number, mad=mad, handles=(state.name,))
