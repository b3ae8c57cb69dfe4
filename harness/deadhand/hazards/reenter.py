"""Re-enter: native code calls back into Python, and Python ends or uses the handle of the call in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards import weights
from deadhand.hazards.base import Hazard, use
from deadhand.hazards.draft import map_step
from deadhand.model.program import Ref, hostiles, replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft, Variable
    from deadhand.target.describe import Description, Operation


class Reenter(Hazard):
    """Call an operation with a hostile value; what it runs inside is bound when the program is finished."""

    name = "re-enter"
    summary = "steps run inside a callback or a hostile value's protocol method"
    weight = 80

    def fits(self, target: Description) -> bool:
        return any(each.parameters and len(each.parameters) > len(each.handles) for each in target.operations.values())

    def write(self, draft: Draft) -> None:
        operations = [each for each in draft.target.operations.values() if len(each.parameters) > len(each.handles)]
        operation = draft.draw.least_tried(draft.draw.spread(operations), lambda each: f"reenter>{each.name}")
        if draft.draw.chance(15):
            draft.call(operation, hostile=False)
        before = len(draft.steps)
        given = {kind: variable for kind in dict.fromkeys(each.kind for each in operation.handles) if draft.draw.chance(weights.ON_LIVE) and (variable := draft.need(kind))}
        made = draft.call(operation, given, hostile=True)
        if len(draft.steps) > before and draft.draw.chance(weights.FINALIZER) and any(hostiles(draft.steps[-1])):
            self.let_go(draft, operation, made)
            return
        on = made or next((each for value in draft.steps[-1].args.values() if isinstance(value, Ref) and (each := draft.variable(value.name))), None) if draft.steps else made
        for trigger in _triggers(draft, operation):
            given = {on.kind: on} if on is not None else {}
            draft.call(trigger, given, hostile=False if draft.draw.chance(70) else None)
        if on is not None and draft.draw.chance(40):
            use(draft, on)

    def let_go(self, draft: Draft, operation: Operation, made: Variable | None) -> None:
        """What was given re-enters when it dies; now something overwrites, removes or drops it."""
        step = draft.steps[-1] = map_step(draft.steps[-1], lambda hostile: replace(hostile, when="death"))
        on = made or next((each for value in step.args.values() if isinstance(value, Ref) and (each := draft.variable(value.name))), None)
        if on is None:
            return
        for _ in range(1 + draft.draw.integer(0, 1)):
            enders = draft.operations_on(on.kind, lambda each: each.ends)
            if made is None and draft.draw.chance(40):
                draft.call(operation, {on.kind: on}, hostile=False)
            elif enders and draft.draw.chance(50):
                draft.call(draft.draw.choose(enders), {on.kind: on}, hostile=False)
            else:
                use(draft, on, reads_first=False)


def _triggers(draft: Draft, operation: Operation) -> list[Operation]:
    """What reaches a callback just registered: what the plan says, else sometimes one or two other operations."""
    named = [draft.target.operations[name] for name in operation.triggers]
    if named:
        return [draft.draw.choose(named) for _ in range(1 + draft.draw.chance(30))]
    others = [each for each in draft.target.operations.values() if each.handles and not each.ends]
    if not others or not draft.draw.chance(weights.TRIGGER):
        return []
    others = draft.draw.spread(others)
    return [draft.draw.least_tried(others, lambda each: f"trigger>{operation.name}>{each.name}") for _ in range(1 + draft.draw.integer(0, 1))]
