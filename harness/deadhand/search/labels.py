"""Short names for what a step does to whom: to recognise a known find in a new program, and to name a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards.selectors import selected
from deadhand.model.program import Hostile, Items, Lent, Pick, Program, Ref, Step, refs_in
from deadhand.oracles.timeline import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from deadhand.model.program import Value
    from deadhand.target.describe import Description


_HOLDERS = frozenset((Hostile, Items, Lent))
_NOTHING = Step(do="@collect")


def _names(step: Step) -> list[str]:
    found: list[str] = []
    for value in step.args.values():
        if isinstance(value, Ref):
            found.append(value.name)
        elif value.__class__ in _HOLDERS:
            found += refs_in(value)
    return found


class _Believed:
    """What a program does to its handles, as read without running it."""

    def __init__(self, target: Description) -> None:
        self.target = target
        self.kind: dict[str, str] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.disposed: set[str] = set()
        self.ended: set[str] = set()
        self.dropped: set[str] = set()
        self.odd: set[str] = set()
        self.risen: set[str] = set()
        self.sort: dict[str, str] = {}

    def state(self, name: str) -> str:
        if not (self.disposed or self.ended or self.dropped or self.odd or self.risen):
            return "live"
        if name in self.odd:
            return "uninitialised"
        if name in self.disposed:
            return "disposed"
        above = self.ancestors(name)
        if above & self.disposed:
            return "orphan"
        if name in self.ended or above & self.ended:
            return "ended"
        if name in self.risen:
            return "resurrected"
        return "outlived" if above & self.dropped else "live"

    def ancestors(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self.parents.get(name, ()))
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.parents.get(each, ())
        return found

    def take(self, step: Step) -> None:
        operation = self.target.operations.get(step.do)
        names = tuple(_names(step))
        if step.out is not None:
            self.kind[step.out] = operation.creates if operation else self.kind.get(names[0], "") if names and step.do == "@uninitialised" else "made"
            wanted = self.target.parents(self.kind[step.out])
            self.parents[step.out] = tuple(name for name in names if self.kind.get(name) in wanted) or names
            if operation is not None and (sort := selected(operation, step)) and any(isinstance(value, Pick) for value in step.args.values()):
                self.sort[step.out] = sort
            if step.do == "@uninitialised":
                self.odd.add(step.out)
                self.parents[step.out] = ()
        if step.do in ("@drop", "@cycle"):
            self.dropped.update(names)
        if step.do == "@resurrect":
            self.risen.update(names)
        if operation is None:
            return
        for kind in operation.disposes:
            mine = [name for name in names if self.kind.get(name) == kind]
            self.disposed.update(mine or [name for name, each in self.kind.items() if each == kind and not operation.handles])
        for kind in operation.invalidates:
            direct = [name for name in names if self.kind.get(name) == kind]
            below = [name for name, each in self.kind.items() if each == kind and self.ancestors(name) & set(names)]
            self.ended.update(direct or below)


def labels(target: Description, program: Program) -> dict[int, str]:
    """For each step, by number, nested ones included: operation, states of its handles, what its hostile values do."""
    return dict(walk_labels(target, program))


def walk_labels(target: Description, program: Program, only: Container[str] | None = None) -> Iterator[tuple[int, str]]:
    """The same one after another; `only` for the steps of these names."""
    believed = _Believed(target)
    elsewhere: set[int] = set()
    waiting: list[tuple[int, Step]] = []
    for number, step, inside in program.walk():
        while waiting and waiting[-1][0] != inside:
            believed.take(waiting.pop()[1])
        if only is None or step.do in only:
            yield number, label(believed, step)
        waiting.append((number, step if inside not in elsewhere else _NOTHING))
        if step.do in ELSEWHERE or inside in elsewhere:
            elsewhere.add(number)


def label(believed: _Believed, step: Step) -> str:
    """The label of one step; only what is out of the ordinary is said."""
    names = _names(step)
    states = sorted({state for name in names if (state := believed.state(name)) != "live"})
    inner = [text for name, value in sorted(step.args.items()) if value.__class__ in _HOLDERS and (text := _hostile_label(believed, name, value))]
    how = step.args.get("how")
    operation = believed.target.operations.get(step.do)
    which = str(how) if step.do == "@touch" else str(step.args.get("operation")) if step.do in ("@pressure", "@flood", "@shortage") else selected(operation, step) if operation is not None else ""
    name = f"{step.do} {which}" if which else step.do
    sorts = sorted({sort for each in names if (sort := believed.sort.get(each))}) if believed.sort else ()
    if sorts:
        name += " of " + " ".join(sorts)
    extra = [*states, *inner, *(["overlap"] if step.overlap else []), *([step.flight] if step.flight else [])]
    return f"{name}({', '.join(extra)})" if extra else name


def _hostile_label(believed: _Believed, name: str, value: Value) -> str:
    if isinstance(value, Hostile):
        body = "; ".join(_nested_label(believed, step) for step in value.body)
        flags = ("!" if value.raises else "") + ("&" if value.cycle else "") + ("†" if value.when == "death" else "")
        return f"{name}:{value.protocol}{flags}{{{body}}}" if body or flags else ""
    if isinstance(value, Items):
        return ", ".join(text for item in value.items if (text := _hostile_label(believed, name, item)))
    if isinstance(value, Lent):
        return _hostile_label(believed, name, value.value)
    return ""


def _nested_label(believed: _Believed, step: Step) -> str:
    kinds = sorted({believed.kind.get(value.name, "made") for value in step.args.values() if isinstance(value, Ref)})
    how = step.args.get("how")
    return f"{step.do}{f' {how}' if how else ''} {'+'.join(kinds)}".strip()
