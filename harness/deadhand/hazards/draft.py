"""A program being written: symbolic handles and what is believed of their state. Nothing native is known here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadhand.hazards import weights
from deadhand.hazards.selectors import selectors
from deadhand.model.program import Blob, Hostile, Items, Lent, Pick, Program, Ref, Step, Value, replace
from deadhand.model.values import HostileSpec, NotPlain, encode_value, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from deadhand.hazards.drawer import Drawer
    from deadhand.target.describe import Description, Operation, Parameter

_TWINS = {bool: "truth", int: "index", str: "text"}
_CALLED_OFTEN = ("callback", "file", "iterable", "sequence", "mapping")
_KEEPERS = ("file", "callback", "equal", "hashed")
_HEAVY = (bytes, bytearray, list, tuple, dict, HostileSpec)
_HOLDERS = frozenset((Hostile, Items, Lent))
_DEEP = 6
_TWIN_STEPS = 3


@dataclass
class Variable:
    """A handle that the program will hold, as far as can be known before running it."""

    name: str
    kind: str
    parents: tuple[str, ...] = ()
    disposed: bool = False
    ended: bool = False
    dropped: bool = False
    thread: int = 0

    @property
    def live(self) -> bool:
        """Held, and its life not ended by any step so far."""
        return not (self.disposed or self.ended or self.dropped)


class Draft:
    """Collects steps. Hazards write into it; `finish` binds what runs inside callbacks and gives the program."""

    def __init__(self, target: Description, draw: Drawer, shy: frozenset[str] = frozenset()) -> None:
        self.target = target
        self.draw = draw
        self.steps: list[Step] = []
        self.variables: list[Variable] = []
        self.thread = 0
        self.ending = "collect"
        self.hazards: list[str] = []
        self.shy = shy
        self._names: dict[str, int] = {}
        self._values: dict[str, tuple[Parameter, Any]] = {}
        self._depth = 0
        self._by_name: dict[str, Variable] = {}
        self._forgotten: dict[str, Variable] = {}

    # --- what there is -------------------------------------------------------------------------------------------

    def held(self, kind: str | None = None) -> list[Variable]:
        """The handles the program still holds, of one kind or of all, ended ones included."""
        return [each for each in self.variables if not each.dropped and (kind is None or each.kind == kind)]

    def variable(self, name: str) -> Variable | None:
        """The handle of that name."""
        return self._by_name.get(name)

    def children(self, parent: Variable, kind: str | None = None) -> list[Variable]:
        """The handles made from `parent`, directly or not."""
        found: list[Variable] = []
        names = {parent.name}
        for each in self.variables:
            if names & set(each.parents):
                names.add(each.name)
                if kind is None or each.kind == kind:
                    found.append(each)
        return found

    def operations_on(self, kind: str, accept: Callable[[Operation], bool] = lambda _: True) -> list[Operation]:
        """The operations that take a handle of `kind`."""
        return [each for each in self.target.taking.get(kind, ()) if accept(each)]

    def disposers(self, kind: str) -> list[Operation]:
        """The operations that dispose of a handle of `kind`, and not of everything there is."""
        return [each for each in self.target.operations.values() if kind in each.disposes and not each.restarts]

    # --- writing steps -------------------------------------------------------------------------------------------

    def need(self, kind: str) -> Variable | None:
        """A live handle of `kind`, made first if there is none; None when it cannot be made."""
        live = [each for each in self.held(kind) if each.live]
        return live[-1] if live else self.create(kind)

    def create(self, kind: str, given: dict[str, Variable] | None = None) -> Variable | None:
        """A new handle of `kind`, with what it needs; `given` fixes handles by kind."""
        creators = self.target.creators(kind)
        if not creators or self._depth > _DEEP:
            return None
        self._depth += 1
        try:
            creator = self.draw.choose(creators)
            if creator.name in self.shy and self.draw.chance(80):
                given = self.prelude(kind, given or {})
            return self.call(creator, given)
        finally:
            self._depth -= 1

    def prelude(self, kind: str, given: dict[str, Variable]) -> dict[str, Variable]:
        """Before a creator that often gives nothing (an empty table, a missing key): use what it lives on, then begin afresh."""
        above = [each for each in self.target.kinds if self.target.lives_on(kind, each) and each not in given]
        top = self.need(above[0]) if above else None
        if top is None:
            return given
        operations = self.operations_on(top.kind, lambda each: not each.disposes and not each.creates)
        for _ in range(self.draw.integer(1, 2) if operations else 0):
            self.call(self.draw.choose(operations), {top.kind: top}, hostile=False)
        fresh = dict(given)
        for parent in self.target.parents(kind):
            if parent != top.kind and parent not in given and self._depth < _DEEP and (made := self.create(parent, {top.kind: top})):
                fresh[parent] = made
        return fresh

    def call(self, operation: Operation, given: dict[str, Variable] | None = None, *, hostile: bool | None = None, overlap: bool = False) -> Variable | None:
        """Write a call of `operation`; `given` fixes handles by kind, the rest is drawn. Returns the handle it makes."""
        step, made = self.compose(operation, given or {}, hostile=hostile)
        if step is None:
            return None
        stress = self.draw.chance(weights.STRESS)
        self.steps.append(replace(step, overlap=overlap, stress=stress) if overlap or stress else step)
        return made

    def compose(self, operation: Operation, given: dict[str, Variable], *, hostile: bool | None = None, nested: bool = False) -> tuple[Step | None, Variable | None]:
        """A step that calls `operation`, and the handle it will make. None when a handle it needs cannot be made."""
        args: dict[str, Value] = {}
        used: list[Variable] = []
        pool = dict(given)
        chosen = self.hostile_slot(operation) if hostile else None
        for parameter in operation.parameters:
            if parameter.role == "handle":
                variable = pool.pop(parameter.kind, None) or self.other(parameter.kind, used, nested=nested)
                if variable is None:
                    return None, None
                used.append(variable)
                args[parameter.name] = Ref(variable.name)
            else:
                args[parameter.name] = self.value(operation, parameter, hostile=self.wanted(parameter, chosen, hostile=hostile, nested=nested), again=not nested)
        made = self.add_variable(operation.creates, used) if operation.creates else None
        self.apply(operation, used)
        return Step(do=operation.name, args=args, out=made.name if made else None, thread=self.thread), made

    def other(self, kind: str, used: list[Variable], *, nested: bool) -> Variable | None:
        """A handle of `kind` for a call that may have one of that kind already: then mostly another one, that resembles it."""
        same = next((each for each in used if each.kind == kind), None)
        if same is None or self.draw.chance(weights.ITSELF):
            return same if same is not None else self.pick(kind, make=not nested)
        others = [each for each in self.held(kind) if each not in used]
        if not nested and (not others or self.draw.chance(weights.TWIN)) and (twin := self.twin(same)) is not None:
            return twin
        return self.draw.choose(others) if others else self.pick(kind, make=not nested)

    def twin(self, variable: Variable) -> Variable | None:
        """A second handle, made and filled as `variable` was."""
        at = next((at for at, step in enumerate(self.steps) if step.out == variable.name), None)
        if at is None:
            return None
        made = Variable("", variable.kind, variable.parents, thread=self.thread)
        self._names[variable.kind] = count = self._names.get(variable.kind, 0) + 1
        made.name = f"{variable.kind}_{count}"
        self._add(made)
        old = Ref(variable.name)
        fill = [
            step
            for step in self.steps[at + 1 :]
            if step.out is None and not step.is_hazard and old in step.args.values() and not self.target.operations[step.do].ends
        ]
        self.steps.append(replace(self.steps[at], out=made.name, overlap=False, thread=self.thread))
        for step in fill[:_TWIN_STEPS]:
            args = {name: Ref(made.name) if value == old else value for name, value in step.args.items()}
            self.steps.append(replace(step, args=args, overlap=False, thread=self.thread))
        return made

    def hostile_slot(self, operation: Operation) -> Parameter | None:
        """The one parameter that shall be hostile, the least tried first."""
        selecting = selectors(operation)
        free = [each for each in operation.parameters if each.role != "handle" and each.name not in selecting]
        return self.draw.least_tried(free, lambda each: f"slot>{operation.name}>{each.name}") if free else None

    def wanted(self, parameter: Parameter, chosen: Parameter | None, *, hostile: bool | None, nested: bool) -> bool | None:
        """Whether a value must be hostile, must be plain, or may be either. Two hostile values in one call mostly hide each other."""
        if nested or hostile is False:
            return False
        if chosen is None:
            return None
        return True if parameter is chosen else None if self.draw.chance(weights.SECOND_HOSTILE) else False

    def hazard(self, verb: str, given: Mapping[str, Value] | None = None, /, *, out: str | None = None, **args: Value) -> None:
        """Write a hazard's step; its arguments are `given` and `args` together."""
        self.steps.append(Step(do="@" + verb, args={**(given or {}), **args}, out=out, thread=self.thread))

    def drop(self, variable: Variable) -> None:
        """Drop the program's reference to a handle."""
        self.hazard("drop", handle=Ref(variable.name))
        variable.dropped = True

    def pick(self, kind: str, *, make: bool = True) -> Variable | None:
        """Some handle of `kind`: usually the latest live one, sometimes one whose life has ended."""
        held = self.held(kind)
        live = [each for each in held if each.live]
        if not live and make and self._depth <= _DEEP and (not held or self.draw.chance(60)):
            made = self.create(kind)
            if made is not None:
                return made
        if not held:
            return None
        wanted = self.draw.weighted(weights.HANDLE_STATE)
        ended = [each for each in held if not each.live]
        if wanted == "ended" and ended:
            return self.draw.choose(ended)
        return live[-1] if wanted == "latest" and live else self.draw.choose(live or held)

    def add_variable(self, kind: str, sources: Iterable[Variable]) -> Variable:
        """Name a new handle of `kind` made from `sources`."""
        count = self._names.get(kind, 0) + 1
        self._names[kind] = count
        wanted = self.target.parents(kind)
        sources = list(sources)
        parents = [each.name for each in sources if each.kind in wanted] or [each.name for each in sources if kind not in self.target.kinds]
        made = Variable(f"{kind}_{count}", kind, tuple(parents), thread=self.thread)
        self._add(made)
        return made

    def remember(self, variables: list[Variable]) -> None:
        """Believe of all handles what `variables` say; others are not known any more. What is known keeps its identity."""
        known = self._by_name
        self._by_name = {}
        self.variables = []
        for each in variables:
            mine = known.get(each.name) or self._forgotten.get(each.name) or each
            mine.disposed, mine.ended, mine.dropped = each.disposed, each.ended, each.dropped
            self._add(mine)
        self._forgotten.update({name: each for name, each in known.items() if name not in self._by_name})

    def _add(self, made: Variable) -> None:
        self.variables.append(made)
        self._by_name[made.name] = made

    def apply(self, operation: Operation, used: list[Variable]) -> None:
        """Believe that `operation` did what it says to the lives of handles."""
        for kind in operation.disposes:
            mine = [each for each in used if each.kind == kind]
            for each in mine or [each for each in self.held(kind) if not any(p.kind == kind for p in operation.handles)]:
                each.disposed = True
                for child in self.children(each):
                    child.ended = True
        for kind in operation.invalidates:
            direct = [each for each in used if each.kind == kind]
            below = [child for each in used for child in self.children(each, kind)]
            for each in direct or below or self.held(kind):
                each.ended = True

    # --- values --------------------------------------------------------------------------------------------------

    def value(self, operation: Operation, parameter: Parameter, *, hostile: bool | None = None, again: bool = True) -> Value:
        """A drawn value as data. Raises NotPlain, naming operation and parameter, when it cannot be data."""
        selects = parameter.role == "value" and parameter.name in selectors(operation)
        if selects:
            hostile = False
        before = self._values.get(parameter.name) if again and not selects and hostile is not True else None
        if before is not None and self.draw.chance(weights.SAME_VALUE) and self.draw.offers(operation, parameter, *before):
            drawn, hostile = before[1], False
        else:
            drawn = self.draw.value(operation, parameter, hostile=hostile)
        if not again and operation.ends and type(drawn) is int:  # another size than that of the making, the smaller one more often
            drawn = min(drawn, self.draw.value(operation, parameter, hostile=hostile), key=_size) if self.draw.chance(weights.SMALLER) else drawn
        cache = self.draw.encoded
        known = cache.get(id(drawn)) if cache is not None else None
        try:
            if known is not None and known[0] is drawn and not parameter.offered:
                value = known[1]
            else:
                value = encode_value(drawn, parameter.offered)
                if cache is not None and not parameter.offered and isinstance(drawn, _HEAVY):
                    cache[id(drawn)] = (drawn, value)
        except NotPlain as error:
            message = (
                f"operation '{operation.name}': parameter '{parameter.name}' drew a {error}, which is no plain data; "
                "offer such objects by st.sampled_from([...]) or st.just(...), or build them inside the operation"
            )
            raise NotPlain(message) from None
        if again and not selects and is_plain(value) and not _holds_pick(value):
            self._values[parameter.name] = (parameter, drawn)
        if hostile is not False and "hostile twin" not in self.target.skip_hazards:
            value = self.turn_hostile(value, force=hostile is True)
        return Lent(value) if parameter.role == "borrowed" else value

    def turn_hostile(self, value: Value, *, force: bool) -> Value:
        """Sometimes replace a plain value by the hostile object that answers the same."""
        chance = weights.AUTO_HOSTILE_TEXT if isinstance(value, str) else weights.AUTO_HOSTILE
        if isinstance(value, (Ref, Hostile)) or not (force or self.draw.chance(chance)):
            return value
        protocol = _TWINS.get(type(value))
        if protocol is None and isinstance(value, Blob):
            protocol = "buffer" if value.kind == "bytearray" or self.draw.chance(30) else "data"
        if protocol is None and isinstance(value, Items):
            if value.items and (force or self.draw.chance(50)):
                at = self.draw.integer(0, len(value.items) - 1)
                items = list(value.items)
                items[at] = self.turn_hostile(items[at], force=True)
                mixed: Items = replace(value, items=tuple(items))
                return mixed
            protocol = {"list": "iterable", "tuple": "iterable", "dict": "mapping"}.get(value.kind)
        return value if protocol is None else Hostile(protocol=protocol, value=value)

    # --- the end -------------------------------------------------------------------------------------------------

    def finish(self) -> Program:
        """Bind the steps that run inside hostile values, now that all handles are known, and give the program."""
        from deadhand.hazards.binding import bind_hostiles

        return Program(tuple(bind_hostiles(self, step) if may_be_hostile(step) else step for step in self.steps), self.ending)


def map_hostiles(value: Value, change: Callable[[Hostile], Value]) -> Value:
    """A copy of `value` with every hostile part replaced by what `change` makes of it."""
    if isinstance(value, Hostile):
        inner = map_hostiles(value.value, change)
        return change(replace(value, value=inner) if inner is not value.value else value)
    if isinstance(value, Items) and value.items:
        items = tuple(map_hostiles(item, change) for item in value.items)
        return value if all(a is b for a, b in zip(items, value.items, strict=True)) else replace(value, items=items)
    if isinstance(value, Lent):
        inner = map_hostiles(value.value, change)
        return value if inner is value.value else Lent(inner)
    return value


def may_be_hostile(step: Step) -> bool:
    """Whether a step's arguments may hold a hostile value."""
    return any(value.__class__ in _HOLDERS for value in step.args.values())


def map_step(step: Step, change: Callable[[Hostile], Any]) -> Step:
    """A copy of `step` with every hostile value replaced by what `change` makes of it."""
    args = {name: map_hostiles(value, change) for name, value in step.args.items()}
    return step if all(args[name] is value for name, value in step.args.items()) else replace(step, args=args)


def _size(value: object) -> float:
    return value if isinstance(value, (int, float)) else math.inf


def _holds_pick(value: Value) -> bool:
    return isinstance(value, Pick) or (isinstance(value, Items) and any(_holds_pick(item) for item in value.items))


def called_often(protocol: str) -> bool:
    """Whether a value of this protocol is usually called more than once."""
    return protocol in _CALLED_OFTEN


def can_keep(protocol: str) -> bool:
    """Whether a value of this protocol is given objects that it could keep."""
    return protocol in _KEEPERS
