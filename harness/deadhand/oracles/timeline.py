"""What the history says of each handle's life, step by step: the common ground of the oracles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deadhand.model import history as H  # noqa: N812  the letters of the records
from deadhand.model.program import HAZARD_MARK, Program, Ref, Step, hostiles, refs

if TYPE_CHECKING:
    from deadhand.model.history import History
    from deadhand.target.describe import Description, Operation


ELSEWHERE = ("@fork", "@subinterpreter")
"""Hazards whose nested steps run in another process or another interpreter: what they do to lives is undone when the step is over."""


@dataclass
class Life:
    """One handle. Step numbers are 0 when it has not happened."""

    name: str
    kind: str
    made: int
    thread: int
    parents: tuple[str, ...] = ()
    type: str = ""
    buffer: bool = False
    disposed: int = 0
    ended: int = 0
    dropped: int = 0
    resurrected: int = 0
    uninitialised: bool = False
    unsure: bool = False


@dataclass(frozen=True)
class State:
    """A handle as it was when a step began."""

    name: str
    kind: str
    disposed: int
    ended: int
    parent_disposed: int
    parent_dropped: int
    uninitialised: bool
    unsure: bool
    buffer: bool
    thread: int
    resurrected: int = 0

    @property
    def word(self) -> str:
        """One word for it, the worst first."""
        if self.uninitialised:
            return "uninitialised"
        if self.disposed:
            return "disposed"
        if self.parent_disposed:
            return "orphan"
        if self.ended:
            return "ended"
        if self.resurrected:
            return "resurrected"
        return "outlived" if self.parent_dropped else "live"


@dataclass
class Ran:
    """One step that began."""

    number: int
    step: Step
    inside: int
    states: tuple[State, ...]
    returned: bool = False
    raised: tuple[str, ...] = ()
    message: str = ""
    in_plan: bool = False
    shown: str | None = None
    fill: int | None = None
    over: bool = False
    concurrent: bool = False


@dataclass
class Timeline:
    """Every step that began, in order, every life, and the observations taken before ends."""

    target: Description
    program: Program
    steps: dict[int, tuple[Step, int]]
    ran: list[Ran] = field(default_factory=list)
    lives: dict[str, Life] = field(default_factory=dict)
    observed: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    def by_number(self, number: int) -> Ran | None:
        """The run of a step, if it began."""
        return next((each for each in self.ran if each.number == number), None)

    def operation(self, ran: Ran) -> Operation | None:
        """The operation of a step, unless it is a hazard's."""
        return self.target.operations.get(ran.step.do)

    def inside(self, number: int) -> list[Ran]:
        """The steps that ran inside step `number`, however deep."""
        found = {number}
        nested = []
        for each in self.ran:
            if each.inside in found:
                found.add(each.number)
                nested.append(each)
        return nested

    def revived(self, ran: Ran) -> set[str]:
        """The handles that were initialised anew in the middle of a call, and those made from them: whatever had ended may live again."""
        if not any(hostiles(ran.step)):
            return set()
        anew = {name for each in self.inside(ran.number) if each.step.do == "@reinitialise" for name in refs(each.step)}
        return {name for name in self.lives if name in anew or self.ancestors(name) & anew} if anew else anew

    def outermost(self, number: int) -> int:
        """The number of the top-level step in which `number` lies."""
        while number in self.steps and self.steps[number][1]:
            number = self.steps[number][1]
        return number

    def ancestors(self, name: str) -> set[str]:
        """The names of the handles that `name` was made from."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            life = self.lives.get(waiting.pop())
            for parent in life.parents if life else ():
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found


def build_timeline(target: Description, program: Program, history: History) -> Timeline:
    """Read the events of one run."""
    steps = {number: (step, inside) for number, step, inside in program.walk()}
    timeline = Timeline(target, program, steps)
    groups = _overlap_groups(program, steps)
    open_: dict[int, Ran] = {}
    here: dict[int, dict[str, Life]] = {}
    for event in history.events:
        letter = event[0]
        if letter == H.BEGIN and event[1] > 0 and event[1] in steps:
            step, inside = steps[event[1]]
            ran = Ran(event[1], step, inside, tuple(_state(timeline, name) for name in refs(step) if name in timeline.lives))
            ran.concurrent = timeline.outermost(event[1]) in groups
            timeline.ran.append(ran)
            open_[event[1]] = ran
            if step.do in ELSEWHERE:
                here[event[1]] = {name: replace(life) for name, life in timeline.lives.items()}
        elif letter == H.RETURNED and event[1] in open_:
            ran = open_.pop(event[1])
            ran.returned, ran.over, ran.shown, ran.fill = True, True, event[2], event[3]
            _take_effect(timeline, ran, event)
            _come_back(timeline, ran, here)
        elif letter == H.RAISED and event[1] in open_:
            ran = open_.pop(event[1])
            ran.raised, ran.message, ran.in_plan, ran.over = tuple(event[2]), event[3], bool(event[4]), True
            _unsure_after_failure(timeline, ran)
            _come_back(timeline, ran, here)
        elif letter == H.SKIPPED and event[1] in open_:
            timeline.ran.remove(open_.pop(event[1]))
        elif letter == H.OBSERVED:
            timeline.observed.setdefault(event[2], []).append((event[1], event[3]))
    return timeline


def _overlap_groups(program: Program, steps: dict[int, tuple[Step, int]]) -> set[int]:
    if not any(step.overlap for step in program.steps):
        return set()
    top = [number for number, (_, inside) in steps.items() if not inside]
    return {
        number
        for at, number in enumerate(top)
        if steps[number][0].overlap or (at + 1 < len(top) and steps[top[at + 1]][0].overlap)
    }


def _state(timeline: Timeline, name: str) -> State:
    life = timeline.lives[name]
    above = [timeline.lives[each] for each in timeline.ancestors(name) if each in timeline.lives]
    return State(
        name,
        life.kind,
        life.disposed,
        life.ended,
        max((each.disposed or each.ended for each in above), default=0),
        max((each.dropped for each in above), default=0),
        life.uninitialised,
        life.unsure or any(each.unsure for each in above),
        life.buffer or any(each.buffer for each in above),
        life.thread,
        life.resurrected,
    )


def _take_effect(timeline: Timeline, ran: Ran, event: list[Any]) -> None:
    step, number = ran.step, ran.number
    operation = timeline.operation(ran)
    names = tuple(refs(step))
    if step.out is not None:
        like = timeline.lives.get(names[0]) if names and step.do == "@uninitialised" else None
        kind = operation.creates if operation else like.kind if like is not None else ""
        made = Life(step.out, kind, number, step.thread, _parents(timeline, operation, step, names), event[4] or "", bool(event[5]))
        if step.do == "@uninitialised":
            made.uninitialised, made.parents = True, ()
        timeline.lives[step.out] = made
    for hostile in hostiles(step):
        if hostile.keep:
            timeline.lives.setdefault(hostile.keep, Life(hostile.keep, "kept", number, step.thread, names))
    mine = [timeline.lives[name] for name in names if name in timeline.lives]
    if step.do == "@resurrect":
        for life in mine:
            life.resurrected = life.resurrected or number
    elif step.do in ("@drop", "@cycle"):
        for life in mine:
            life.dropped = life.dropped or number
    elif step.do == "@reinitialise":
        for life in mine:
            life.unsure = True
    elif step.do.startswith(HAZARD_MARK):
        return
    elif operation is not None:
        _end_lives(timeline, operation, names, number)


def _come_back(timeline: Timeline, ran: Ran, here: dict[int, dict[str, Life]]) -> None:
    """After a step whose nested ones ran elsewhere, callbacks included: here, nothing of what they did has happened."""
    before = here.pop(ran.number, None)
    if before is None:
        return
    if not ran.concurrent:
        timeline.lives = before
        return
    inner = {each.number for each in timeline.inside(ran.number)}
    for name, old in before.items():  # another thread went on here meanwhile
        for end in ("disposed", "ended", "dropped", "resurrected"):
            if getattr(timeline.lives[name], end) in inner:
                setattr(timeline.lives[name], end, getattr(old, end))


def _parents(timeline: Timeline, operation: Operation | None, step: Step, names: tuple[str, ...]) -> tuple[str, ...]:
    if operation is None:
        return names
    wanted = timeline.target.parents(operation.creates)
    chosen = tuple(
        value.name
        for parameter in operation.handles
        if parameter.kind in wanted and isinstance(value := step.args.get(parameter.name), Ref)
    )
    return chosen or names


def _end_lives(timeline: Timeline, operation: Operation, names: tuple[str, ...], number: int) -> None:
    for kind in operation.disposes:
        mine = [name for name in names if name in timeline.lives and timeline.lives[name].kind == kind]
        takes = any(parameter.kind == kind for parameter in operation.handles)
        for name in mine if takes else [each.name for each in timeline.lives.values() if each.kind == kind]:
            timeline.lives[name].disposed = timeline.lives[name].disposed or number
    for kind in operation.invalidates:
        direct = [name for name in names if name in timeline.lives and timeline.lives[name].kind == kind]
        below = [each.name for each in timeline.lives.values() if each.kind == kind and timeline.ancestors(each.name) & set(names)]
        for name in direct or below or [each.name for each in timeline.lives.values() if each.kind == kind]:
            if timeline.lives[name].made < number:
                timeline.lives[name].ended = timeline.lives[name].ended or number


def _unsure_after_failure(timeline: Timeline, ran: Ran) -> None:
    """A dispose or a second `__init__` that raised may have done its work or not: nothing is promised of the handle any more."""
    operation = timeline.operation(ran)
    if ran.step.do == "@reinitialise" or (operation is not None and operation.ends):
        for name in refs(ran.step):
            if name in timeline.lives and (ran.step.do == "@reinitialise" or not timeline.lives[name].disposed):
                timeline.lives[name].unsure = True
