"""Read a Target class into a Description, or say what is wrong with it: file, line, remedy."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hypothesis.strategies import SearchStrategy

from deadhand.errors import PlanError
from deadhand.model.hazard_names import HAZARD_NAMES
from deadhand.target.handle import Handle
from deadhand.target.hostile import Borrowed, Reentry, callback
from deadhand.target.operation import MARKS
from deadhand.target.strategy_parts import offered_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.target.contract import Expectation
    from deadhand.target.target import Target


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation. `role` is "handle", "value", "callback" or "borrowed"."""

    name: str
    role: str
    kind: str = ""
    strategy: SearchStrategy[Any] | None = None
    offered: tuple[object, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One call that the target offers."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    line: int
    creates: str = ""
    disposes: tuple[str, ...] = ()
    invalidates: tuple[str, ...] = ()
    reads: bool = False
    identity: bool = False
    unsafe: str = ""
    triggers: tuple[str, ...] = ()
    keeps: bool = False
    restarts: bool = False
    after_dispose: Expectation | None = None

    @cached_property
    def handles(self) -> tuple[Parameter, ...]:
        """The parameters that take a handle."""
        return tuple(each for each in self.parameters if each.role == "handle")

    @cached_property
    def ends(self) -> bool:
        """Whether it ends the life or the epoch of something."""
        return bool(self.disposes or self.invalidates)


@dataclass(frozen=True)
class Description:
    """A target, read: what the search draws from and the child executes."""

    name: str
    cls: type[Target]
    path: str
    kinds: dict[str, Handle]
    operations: dict[str, Operation]
    ledgers: tuple[str, ...] = ()
    skip_hazards: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """A folder name for the target's cases."""
        return "".join(char if char.isalnum() or char in "-_" else "-" for char in self.name)

    def parents(self, kind: str) -> tuple[str, ...]:
        """The kinds that `kind` lives on."""
        handle = self.kinds.get(kind)
        return tuple(parent.name for parent in handle.parents) if handle else ()

    def lives_on(self, kind: str, ancestor: str) -> bool:
        """Whether `kind` is a child, grandchild … of `ancestor`."""
        seen: set[str] = set()
        waiting = list(self.parents(kind))
        while waiting:
            parent = waiting.pop()
            if parent == ancestor:
                return True
            if parent not in seen:
                seen.add(parent)
                waiting += self.parents(parent)
        return False

    @cached_property
    def taking(self) -> dict[str, list[Operation]]:
        """The operations that take a handle of each kind."""
        return {kind: [each for each in self.operations.values() if any(p.kind == kind for p in each.handles)] for kind in self.kinds}

    def creators(self, kind: str) -> list[Operation]:
        """The operations that create a handle of `kind`."""
        return [each for each in self.operations.values() if each.creates == kind]


def describe(cls: type[Target], name: str = "", *, include_unsafe: bool = False) -> Description:
    """Read `cls`. Raises PlanError listing everything that is wrong with it, each with file, line and remedy."""
    reader = _Reader(cls, include_unsafe=include_unsafe)
    description = reader.read(name or cls.__qualname__)
    if reader.problems:
        raise PlanError("\n".join(reader.problems))
    return description


class _Reader:
    def __init__(self, cls: type[Target], *, include_unsafe: bool) -> None:
        self.cls = cls
        self.include_unsafe = include_unsafe
        self.problems: list[str] = []
        self.path = _source_path(cls)
        self.kinds = {
            attribute: value for attribute in _attributes(cls) if isinstance(value := getattr(cls, attribute), Handle)
        }

    def problem(self, line: int, what: str, remedy: str) -> None:
        self.problems.append(f"{self.path}:{line}: {self.cls.__qualname__}: {what}\n  remedy: {remedy}")

    def read(self, name: str) -> Description:
        operations: dict[str, Operation] = {}
        ledgers: list[str] = []
        for attribute in _attributes(self.cls):
            function = inspect.getattr_static(self.cls, attribute)
            marks = getattr(function, MARKS, None)
            if marks is None:
                continue
            operation = self.operation(attribute, function, marks)
            if "ledger" in marks["roles"]:
                ledgers.append(attribute)
            elif operation is not None and (self.include_unsafe or not operation.unsafe):
                operations[attribute] = operation
        self.check_whole(operations)
        return Description(
            name=name,
            cls=self.cls,
            path=self.path,
            kinds={kind: self.found(handle, _source_line(self.cls)) for kind, handle in self.kinds.items()},
            operations=operations,
            ledgers=tuple(ledgers),
            skip_hazards=dict(self.cls.skip_hazards),
        )

    def operation(self, name: str, function: Any, marks: dict[str, Any]) -> Operation | None:
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", 0)
        parameters: list[Parameter] = []
        signature = inspect.signature(function)
        for index, parameter in enumerate(signature.parameters.values()):
            if index == 0:
                continue
            read = self.parameter(name, line, parameter)
            if read is not None:
                parameters.append(read)
        created = self.kind_names(marks.get("creates_kinds", ()), name, line)
        if "creates" in marks["roles"] and len(created) != 1:
            self.problem(line, f"operation '{name}': @creates needs the one handle kind it makes", "write @creates(connection)")
        disposed = self.kind_names(marks.get("disposes_kinds", ()), name, line)
        handle_kinds = tuple(each.kind for each in parameters if each.role == "handle")
        if "disposes" in marks["roles"] and not disposed:
            disposed = handle_kinds[:1]
            if not disposed:
                self.problem(line, f"operation '{name}' disposes of nothing", "write @disposes(connection), or give it a parameter named after a handle kind")
        if "restarts" in marks["roles"]:
            disposed = tuple(self.kinds)
            if handle_kinds:
                self.problem(line, f"operation '{name}': @restarts ends every handle, and takes none", "take the handle from its parameters, or mark it @disposes")
        ended = self.kind_names(marks.get("invalidates_kinds", ()), name, line)
        if "invalidates" in marks["roles"] and not ended:
            ended = tuple(kind for kind in self.kinds if any(self.is_child(kind, parent) for parent in handle_kinds)) or handle_kinds
        for role in ("reads", "identity"):
            if role in marks["roles"] and not handle_kinds:
                self.problem(line, f"operation '{name}': @{role} reads no handle", f"give it a parameter named after a handle kind ({self.known()})")
        triggers = marks.get("triggers", ())
        return Operation(
            name=name,
            function=function,
            parameters=tuple(parameters),
            line=line,
            creates=created[0] if created else "",
            disposes=disposed,
            invalidates=ended,
            reads="reads" in marks["roles"] or "identity" in marks["roles"],
            identity="identity" in marks["roles"],
            unsafe=marks.get("unsafe", ""),
            triggers=(triggers,) if isinstance(triggers, str) else tuple(triggers),
            keeps=bool(marks.get("keeps")),
            restarts="restarts" in marks["roles"],
            after_dispose=self.found(marks.get("after_dispose"), line),
        )

    def found(self, promised: Any, line: int) -> Any:
        """A handle kind or an expectation (or None) with the exceptions it names found in the library."""
        library: object = self.cls.module or self.cls.__module__
        module = sys.modules.get(library) if isinstance(library, str) else library
        try:
            return promised.within(module) if promised is not None else None
        except AttributeError as error:
            self.problem(line, f"raises('{error.name}') names no exception of {getattr(module, '__name__', library)}", "name a class of the module, or give the class itself")
            return promised

    def parameter(self, operation: str, line: int, parameter: inspect.Parameter) -> Parameter | None:
        name, default, annotation = parameter.name, parameter.default, parameter.annotation
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            self.problem(line, f"operation '{operation}': *{name} cannot be drawn", f"name each parameter, or draw a list: {name}=st.lists(…)")
            return None
        kind = self.kind_of(name, annotation)
        if _is(annotation, Reentry, "Reentry"):
            strategy = default if isinstance(default, SearchStrategy) else callback()
            return Parameter(name, "callback", strategy=strategy, offered=offered_objects(strategy))
        if kind and default is parameter.empty:
            return Parameter(name, "handle", kind=kind)
        if isinstance(default, SearchStrategy):
            role = "borrowed" if _is(annotation, Borrowed, "Borrowed") else "value"
            return Parameter(name, role, strategy=default, offered=offered_objects(default))
        if default is not parameter.empty:
            return None
        self.problem(
            line,
            f"operation '{operation}': parameter '{name}' is neither a handle kind nor has a strategy",
            f"name it after a handle kind ({self.known()}), or give it a default: {name}=st.integers()",
        )
        return None

    def kind_of(self, name: str, annotation: object) -> str:
        if isinstance(annotation, Handle):
            return self.name_of(annotation)
        if isinstance(annotation, str) and annotation in self.kinds:
            return annotation
        if name in self.kinds:
            return name
        stem = name.rstrip("0123456789").rstrip("_")
        return stem if stem in self.kinds else ""

    def name_of(self, handle: Handle) -> str:
        return next((name for name, each in self.kinds.items() if each is handle), "")

    def kind_names(self, handles: tuple[Handle, ...], operation: str, line: int) -> tuple[str, ...]:
        names = []
        for handle in handles:
            name = self.name_of(handle)
            if name:
                names.append(name)
            else:
                self.problem(line, f"operation '{operation}' names a handle kind that {self.cls.__qualname__} does not have", f"declare it in the class body: name = Handle(); known kinds: {self.known()}")
        return tuple(names)

    def is_child(self, kind: str, ancestor: str) -> bool:
        parents = self.kinds[kind].parents
        return any(self.name_of(parent) == ancestor or (self.name_of(parent) and self.is_child(self.name_of(parent), ancestor)) for parent in parents)

    def known(self) -> str:
        return ", ".join(self.kinds) or "none is declared: name = Handle()"

    def check_whole(self, operations: dict[str, Operation]) -> None:
        line = _source_line(self.cls)
        if not operations and not self.problems:
            self.problem(line, "the target has no operation", "decorate at least one method with @creates(kind)")
        made = {each.creates for each in operations.values()}
        for kind, handle in self.kinds.items():
            if kind not in made and operations and not self.problems:
                self.problem(line, f"handle kind '{kind}' is never created", f"decorate the method that makes one with @creates({kind})")
            for parent in handle.parents:
                if not self.name_of(parent):
                    self.problem(line, f"handle kind '{kind}' has a parent that is no kind of this target", "declare the parent in the class body, above its child")
        for operation in operations.values():
            for trigger in operation.triggers:
                if trigger not in operations:
                    self.problem(operation.line, f"operation '{operation.name}' triggers '{trigger}', which is no operation", f"name one of: {', '.join(operations)}")
        for hazard, reason in self.cls.skip_hazards.items():
            if hazard not in HAZARD_NAMES:
                near = get_close_matches(str(hazard), HAZARD_NAMES, 1)
                self.problem(line, f"skip_hazards names '{hazard}', which is no hazard", f"did you mean '{near[0]}'?" if near else f"one of: {', '.join(HAZARD_NAMES)}")
            if not isinstance(reason, str) or not reason.strip():
                self.problem(line, f"skip_hazards['{hazard}'] has no reason", "write why the hazard does not apply to this library")


def _is(annotation: object, marker: type, name: str) -> bool:
    return annotation is marker or annotation == name or (isinstance(annotation, str) and annotation.endswith("." + name))


def _attributes(cls: type) -> list[str]:
    """Attribute names in the order they were written, bases first, each once."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__[:-1]):
        names.update(dict.fromkeys(vars(base)))
    return [name for name in names if not name.startswith("__")]


def _source_path(cls: type) -> str:
    try:
        return inspect.getsourcefile(cls) or cls.__module__
    except (TypeError, OSError):
        return cls.__module__


def _source_line(cls: type) -> int:
    try:
        return inspect.getsourcelines(cls)[1]
    except (TypeError, OSError):
        return 0
