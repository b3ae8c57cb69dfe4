"""What runs inside a hostile value, bound after the program is written: its receiver is often made after it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from deadhand.hazards import weights
from deadhand.hazards.draft import called_often, can_keep, map_step
from deadhand.model.program import Hostile, Ref, Step, replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft, Variable
    from deadhand.target.describe import Operation


def bind_hostiles(draft: Draft, step: Step) -> Step:
    """`step` with the bodies of its hostile values drawn, each against the handles of the call it is given to."""
    return map_step(step, lambda hostile: _bind(draft, step, hostile))


def _bind(draft: Draft, step: Step, hostile: Hostile) -> Hostile:
    if hostile.body or hostile.cycle or hostile.raises:
        return hostile
    draw = draft.draw
    receivers = [each for name in _names(step) if (each := draft.variable(name))]
    nth = draw.weighted(weights.NTH_CALLBACK if called_often(hostile.protocol) else weights.NTH_VALUE)
    body: list[Step] = []
    if step.out is not None and called_often(hostile.protocol):
        nth = draw.weighted(weights.NTH_CREATOR)
    if receivers or draft.variables:
        receiver = draw.choose(receivers or draft.variables)
        for at in range(draw.weighted(weights.NESTED_LENGTH)):
            nested = _nested(draft, step, receiver, first=at == 0)
            if nested is not None:
                body.append(nested)
    keep = None
    if can_keep(hostile.protocol) and draw.chance(weights.HOSTILE_KEEPS):
        keep = draft.add_variable("kept", ()).name
    dies = "finalizer" not in draft.target.skip_hazards and (hostile.when == "death" or draw.chance(weights.HOSTILE_ON_DEATH))
    when = "death" if dies else "call"
    raises = when == "call" and draw.chance(weights.HOSTILE_RAISES)
    return replace(hostile, nth=nth, body=tuple(body), raises=raises, keep=keep, when=when)  # type: ignore[no-any-return]


def _names(step: Step) -> list[str]:
    named = [value.name for value in step.args.values() if isinstance(value, Ref)]
    return named + ([step.out] if step.out else [])


def _nested(draft: Draft, step: Step, receiver: Variable, *, first: bool) -> Step | None:
    """One step to run inside the call: mostly one that ends the receiver's life or epoch."""
    sort = draft.draw.weighted(weights.NESTED_TARGET)
    on = receiver
    if sort == "related" or (not first and draft.draw.chance(50)):
        related = draft.children(receiver) + [each for name in receiver.parents if (each := draft.variable(name))]
        if related:
            on = draft.draw.choose(related)
    wants_end = sort == "ender" or (sort == "related" and draft.draw.chance(60))
    operations = draft.operations_on(on.kind, lambda each: each.ends == wants_end) or draft.operations_on(on.kind)
    if not operations or draft.draw.chance(12):
        universal: Step = replace(_universal(draft, on, wants_end=wants_end, again=step.out != on.name), thread=step.thread)
        return universal
    operation = draft.draw.least_tried(operations, lambda each: f"{step.do}>{each.name}")
    return _call_on(draft, operation, on)


def _call_on(draft: Draft, operation: Operation, on: Variable) -> Step | None:
    before = [(each, each.disposed, each.ended) for each in draft.variables]
    nested, _ = draft.compose(operation, {on.kind: on}, nested=True)
    for each, disposed, ended in before:
        each.disposed, each.ended = disposed, ended
    return nested


_ENDS = ((("touch", "clear"), 6), (("drop", ""), 2), (("reinitialise", ""), 2))
_ENDS_ONCE = _ENDS[:2]
_LOOKS = ((("touch", "list"), 3), (("touch", "view"), 2), (("collect", ""), 2), (("touch", "repr"), 1))


def _universal(draft: Draft, on: Variable, *, wants_end: bool, again: bool) -> Step:
    """A step of our own. `again` allows to initialise: not inside what was given when the handle was made, which would be made anew, without end."""
    choices = _allowed((_ENDS if again else _ENDS_ONCE) if wants_end else _LOOKS, frozenset(draft.target.skip_hazards))
    verb, how = draft.draw.weighted(choices) if choices else ("collect", "")
    if verb == "collect":
        return Step(do="@collect")
    out = draft.add_variable("plain_view", [on]).name if how == "view" else None
    return Step(do="@" + verb, args={"handle": Ref(on.name)} | ({"how": how} if how else {}), out=out)


@cache
def _allowed(choices: tuple[tuple[tuple[str, str], int], ...], skipped: frozenset[str]) -> tuple[tuple[tuple[str, str], int], ...]:
    """What a plan has not ruled out; the same object each time, by which the drawer knows it again."""
    return tuple(each for each in choices if each[0][0] not in skipped)
