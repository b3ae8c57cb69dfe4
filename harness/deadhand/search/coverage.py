"""Which states an operation's handle can be in at all: what was never tried is only worth saying of those."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deadhand.target.describe import Description, Operation


def possible_states(target: Description, operation: Operation) -> list[str]:
    """The words of `oracles.timeline.State.word` that a call of `operation` can meet, as far as the plan says."""
    found = {"none"} if not operation.handles else {"live"}
    for parameter in operation.handles:
        found |= _of_kind(target, parameter.kind)
    return sorted(found)


def _of_kind(target: Description, kind: str) -> set[str]:
    ended = {each for operation in target.operations.values() for each in (*operation.disposes, *operation.invalidates)}
    disposed = {each for operation in target.operations.values() for each in operation.disposes}
    above = {each for each in target.kinds if target.lives_on(kind, each)}
    states = set()
    if kind in disposed:
        states.add("disposed")
    if any(kind in operation.invalidates for operation in target.operations.values()):
        states.add("ended")
    if above & ended:
        states.add("orphan")
    if above and "drop" not in target.skip_hazards:
        states.add("outlived")
    if "uninitialised" not in target.skip_hazards:
        states.add("uninitialised")
    return states
