"""Sub-interpreter: a second interpreter of this process imports the library, uses it, and ends; then the first one goes on.

The library may refuse (ImportError), or must keep the two apart.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from deadhand.hazards.aside import aside, held
from deadhand.hazards.base import Hazard, use
from deadhand.model.program import Blob, Items, Number, Ref, Text

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft
    from deadhand.model.program import Step, Value
    from deadhand.target.describe import Description, Operation

_PLAIN = (bool, int, float, str, type(None), Ref, Blob, Number, Text)


class SubInterpreter(Hazard):
    """Make handles here; import the library in a second interpreter, make and use handles of its own there, end it; use the first ones.

    It costs as much as fifty programs, so only the last program of a batch does it.
    """

    name = "sub-interpreter"
    summary = "a second interpreter imports the library, uses it and ends"
    weight = 0
    verb = "subinterpreter"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        kind = draft.draw.choose(list(draft.target.kinds))
        variable = draft.need(kind) if draft.draw.chance(85) else None
        inside = aside(draft, lambda: _inside(draft, kind), empty=True) if draft.draw.chance(70) else ()
        draft.hazard("subinterpreter", inside=held(inside if all(_can_be_told(draft, step) for step in inside) else ()))
        for each in (variable, draft.create(kind)):  # what was made before, and what is made now
            if each is not None and not each.dropped:
                use(draft, each)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        inside = args.get("inside")
        child.in_second_interpreter(inside.fire.body if inside is not None else ())


def _inside(draft: Draft, kind: str) -> None:
    variable = draft.create(kind)
    operations = [each for each in draft.operations_on(kind) if is_plain_operation(each)]
    if variable is not None and operations:
        draft.call(draft.draw.choose(operations), {kind: variable}, hostile=False)


def _can_be_told(draft: Draft, step: Step) -> bool:
    return is_plain_step(step) and is_plain_operation(draft.target.operations[step.do])


def is_plain_operation(operation: Operation) -> bool:
    """Whether a second interpreter can call it: with handles and plain values, and without an event loop."""
    return not inspect.iscoroutinefunction(operation.function) and all(each.role in ("handle", "value") and not each.offered for each in operation.parameters)


def is_plain_step(step: Step) -> bool:
    """Whether a step can be told to a second interpreter as text."""
    return not step.is_hazard and all(_is_plain(value) for value in step.args.values())


def _is_plain(value: Value) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, Items) and all(map(_is_plain, value.items)))
