"""Shortage: allocations fail in the middle of a call, the first, the second, and so on; then the handles are used and ended.

What was half done must be undone, once: who frees what is decided most carelessly on the way out of an error.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from deadhand.hazards import weights
from deadhand.hazards.base import Hazard, dispose, fits_beside, use
from deadhand.model.program import refs

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.model.program import Value
    from deadhand.target.describe import Description, Operation


class Shortage(Hazard):
    """Call an operation again and again, and have the interpreter's n-th allocation fail in the n-th call. Only where the plan says that memory may fail.

    Operations that end lives are left out: whether they did would be unknown.
    """

    name = "shortage"
    summary = "one allocation after another fails in the middle of a call"
    weight = 30
    verb = "shortage"

    def fits(self, target: Description) -> bool:
        return target.cls.memory_may_fail and any(map(_may_fail, target.operations.values()))

    def write(self, draft: Draft) -> None:
        operation = draft.draw.least_tried([each for each in draft.target.operations.values() if _may_fail(each)], lambda each: f"shortage>{each.name}")
        step, made = draft.compose(operation, {}, hostile=False)
        if step is None:
            return
        if made is not None:
            draft.variables.remove(made)
        given: dict[str, Value] = {"operation": step.do, "from": draft.draw.weighted(weights.SHORTAGE_FROM), "times": weights.SHORTAGE, **step.args}
        draft.hazard("shortage", given)
        for name in tuple(refs(step)):
            variable = draft.variable(name)
            if variable is not None and draft.draw.chance(70):
                use(draft, variable)
            if variable is not None and draft.draw.chance(40):
                dispose(draft, variable)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        child.run_short(args.pop("operation"), args.pop("from"), args.pop("times"), args)


def _may_fail(operation: Operation) -> bool:
    return fits_beside(operation, "operation", "times") and not operation.ends and not operation.restarts and not inspect.iscoroutinefunction(operation.function)
