"""The steps of a program as straight Python, doing what worker/runtime.py does in the child, in the same order."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deadhand.errors import CaseError, UnsupportedError
from deadhand.model.program import Blob, Hostile, Items, Lent, Number, Pick, Ref, Text, refs
from deadhand.report.program_text import step_text
from deadhand.report.script_checks import identity_pairs, is_compared
from deadhand.worker.evidence import FREED_FILL
from deadhand.worker.hostile_values import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deadhand.model.case import Case
    from deadhand.model.program import Step, Value
    from deadhand.report.script_plan import PlanSource
    from deadhand.target.describe import Description, Operation

_MANY = 1000
_TOUCHES = {
    "repr": "repr({0})",
    "list": f"list(itertools.islice(iter({{0}}), {_MANY}))",
    "len": "len({0})",
    "bytes": f"bytes(itertools.islice({{0}}, {_MANY}) if hasattr({{0}}, '__next__') else {{0}})",
    "view": "memoryview({0})",
    "iterator": "iter({0})",
    "next": "next({0})",
    "first": "{0}[0]",
    "copy": "copy.copy({0})",
    "equal": "{0} == {0}",
    "hash": "hash({0})",
    "truth": "bool({0})",
    "sizeof": "sys.getsizeof({0})",
    "reduce": "{0}.__reduce_ex__(2)",
}
_TOUCH_STATEMENTS = {
    "drain": [f"for _ in range({_MANY}):", "    next({0})"],
    "clear": ["if hasattr({0}, 'clear'):", "    {0}.clear()", "else:", "    del {0}[:]"],
    "write": ["{0}[0] = 1"],
    "attributes": [
        "for _ in dir(type({0})):",
        "    if not _.startswith('__'):",
        "        with contextlib.suppress(Exception):",
        "            getattr({0}, _)",
    ],
}
_CONTAINERS = {"list": "[{0}]", "tuple": "tuple([{0}])", "set": "set([{0}])", "frozenset": "frozenset([{0}])"}
_INT_LIMIT = 4000
_CHILD_PATIENCE = 8
"""Seconds that a forked child may hang: less than the script itself, which then shows what hung."""

_LETS_GO = ("@drop", "@cycle", "@resurrect")
_OWN_FUNCTIONS = re.compile(r"(step|inside|thread)_[0-9_]+")


@dataclass
class Node:
    """A step, its number, and what runs inside each of its hostile values."""

    number: int
    step: Step
    operation: Operation | None
    bodies: dict[int, tuple[Node, ...]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def below(self) -> Iterator[Node]:
        """It, and every step inside it."""
        yield self
        for body in self.bodies.values():
            for each in body:
                yield from each.below()


class StepWriter:
    """Writes the steps of one case. `name` gives the final name of one of the script's own parts."""

    def __init__(self, case: Case, target: Description, plan: PlanSource, name: Callable[[str], str], taken: set[str]) -> None:
        self.case = case
        self.target = target
        self.plan = plan
        self.name = name
        self.taken = taken
        self.protocols: set[str] = set()
        self.variables: dict[str, str] = {}
        counter = iter(range(1, case.program.size() + 1))
        self.nodes = [self._node(step, counter) for step in case.program.steps]
        self.every = [each for node in self.nodes for each in node.below()]
        self.reads = [each for each in self.every if each.operation is not None and each.operation.reads]
        self.makers = {each.step.out: each for each in self.every if each.step.out is not None}
        self.fill = FREED_FILL.get(case.evidence)
        self.watches = case.oracle == "liveness"
        self.finish = "finish_flight" if case.oracle in ("loop", "unraisable") or any(each.step.flight for each in self.every) else "finish"
        self.started: set[int] = set()
        self.quiet: set[int] = set()
        self.lines_written: list[str] = []
        self.dies = False
        self.remaking = False
        self.observed: list[tuple[int, int]] = []
        self.pairs = list(identity_pairs(target, case.program)) if any(each.operation and each.operation.identity for each in self.reads) else []
        for node in self.every:
            for each in self._named(node):
                self.variable(each)

    # --- what is there -------------------------------------------------------------------------------------------

    def _node(self, step: Step, counter: Iterator[int]) -> Node:
        operation = self.target.operations.get(step.do)
        node = Node(next(counter), step, operation)
        if operation is None and not step.is_hazard:
            raise CaseError(f"step {node.number}: {self.target.name} has no operation named {step.do}", remedy="the plan has changed since the case was found; delete the case or bring the operation back")
        for value in step.args.values():
            self._bodies(value, node, counter)
        return node

    def _bodies(self, value: Value, node: Node, counter: Iterator[int]) -> None:
        if isinstance(value, Hostile):
            node.bodies[id(value)] = tuple(self._node(step, counter) for step in value.body)
            self._bodies(value.value, node, counter)
        elif isinstance(value, Items):
            for item in value.items:
                self._bodies(item, node, counter)
        elif isinstance(value, Lent):
            self._bodies(value.value, node, counter)

    def _named(self, node: Node) -> Iterator[str]:
        yield from refs(node.step)
        if node.step.out is not None:
            yield node.step.out
        for value in node.step.args.values():
            yield from (each.keep for each in _hostiles(value) if each.keep is not None)

    def variable(self, name: str) -> str:
        """The script's variable for a handle. Raises CaseError for what is no name: a case may come from a stranger."""
        if name not in self.variables:
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
                raise CaseError(f"a handle is called {name!r}, which is no name", remedy="the case was not written by deadhand; do not trust it")
            free = name
            while free in self.taken or free in self.variables.values() or _OWN_FUNCTIONS.fullmatch(free):
                free = f"handle_{free}"
            self.variables[name] = free
        return self.variables[name]

    # --- steps ---------------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """Every step, in order."""
        lines = self.lines_written
        at = 0
        while at < len(self.nodes):
            end = at + 1
            while end < len(self.nodes) and self.nodes[end].step.overlap:
                end += 1
            lines += self._group(self.nodes[at:end])
            at = end
        return lines

    def _group(self, nodes: list[Node]) -> list[str]:
        lines: list[str] = []
        if len(nodes) > 1:
            self.quiet |= {each.number for node in nodes for each in node.below()}
            lines.append(f'print("steps {", ".join(str(node.number) for node in nodes)} together", flush=True)')
        for node in nodes:
            lines += self._inside(node)
        if len(nodes) == 1 and not nodes[0].step.thread:
            return lines + self._step(nodes[0]) + self._after(nodes[0]) + [""]
        for number in sorted({node.step.thread for node in nodes} - {0} - self.started):
            self.started.add(number)
            lines.append(f"{self.thread(number)} = {self.name('Thread')}()")
        for node in nodes:
            lines += self._function(f"step_{node.number}", [node], "")
        if len(nodes) == 1:
            lines.append(f"{self.thread(nodes[0].step.thread)}.run(step_{nodes[0].number})")
        else:
            calls = ", ".join(f"({self.thread(node.step.thread) if node.step.thread else None}, step_{node.number})" for node in nodes)
            lines.append(f"{self.name('together')}({calls})")
        return [*lines, ""]

    def thread(self, number: int) -> str:
        """The script's variable for a thread."""
        return f"thread_{number}"

    def _inside(self, node: Node) -> list[str]:
        """The functions of what runs inside a step, the innermost first."""
        lines: list[str] = []
        bodies = [(key, body) for key, body in node.bodies.items() if body]
        for key, body in bodies:
            for each in body:
                lines += self._inside(each)
            node.names[key] = "inside_" + "_".join([str(node.number), *([str(body[0].number)] if len(bodies) > 1 else [])])
            if node.step.do == "@subinterpreter":
                lines += _text(node.names[key], [line for each in body for line in self._step(each) + self._after(each)])
                continue
            lines += self._function(node.names[key], list(body), f"runs inside step {node.number}")
        return lines

    def _function(self, name: str, body: list[Node], comment: str) -> list[str]:
        lines = [f"def {name}():" + (f"  # {comment}" if comment else "")]
        changed = sorted({self.variable(each) for node in body for each in _changed(node.step)})
        if changed:
            lines.append(f"    global {', '.join(changed)}")
        for node in body:
            lines += [f"    {line}" if line else "" for line in self._step(node) + self._after(node)]
        return [*lines, ""]

    def _step(self, node: Node) -> list[str]:
        settings = [str(node.number), *(["stress=True"] if node.step.stress else []), *(["quiet=True"] if node.number in self.quiet else [])]
        lines = [f"with {self.name('step')}({', '.join(settings)}):  # {_comment(step_text(node.step))}"]
        body = [*self._observations(node), *(self._hazard(node) if node.step.is_hazard else self._call(node))]
        return lines + [f"    {line}" for line in body]

    def _call(self, node: Node) -> list[str]:
        operation = node.operation
        assert operation is not None
        lent = tuple(name for name, value in node.step.args.items() if isinstance(value, Lent))
        if not lent:
            return [self._result(node, self.call(node))]
        return [self._result(node, f"{self.name('lend')}({', '.join([f'plan.{operation.name}', repr(lent), *self._keywords(node, node.step.args)])})")]

    def call(self, node: Node) -> str:
        """`plan.operation(…)`: handles first, by position where the operation takes them first."""
        assert node.operation is not None
        declared = [each.name for each in node.operation.parameters]
        parts: list[str] = []
        positional = True
        for at, (name, value) in enumerate(_handles_first(node.step.args)):
            positional = positional and isinstance(value, Ref) and at < len(declared) and declared[at] == name
            text = self.value(value, node, name)
            parts.append(text if positional else f"{_parameter(name)}={text}")
        call = f"plan.{node.operation.name}({', '.join(parts)})"
        if not _is_async(node.operation):
            return call
        how = f", {node.step.flight!r}, {node.step.pause}" if node.step.flight else ""
        return f"{self.name(self.finish)}({call}{how})"

    def _keywords(self, node: Node, args: dict[str, Value]) -> list[str]:
        return [f"{_parameter(name)}={self.value(value, node, name)}" for name, value in _handles_first(args)]

    def _result(self, node: Node, call: str) -> str:
        """What happens to a step's result: it becomes a handle, or an answer, or nothing."""
        if self.fill is not None and node.number == self.case.step and self.case.oracle in ("observation", "death"):
            call = f"{self.name('unfilled')}({node.number}, 0x{self.fill:02X}, {call})"
        out = node.step.out
        if out is not None:
            made = f"{self.name('new')}({call})"
            if any(hostile.cycle for value in node.step.args.values() for hostile in _hostiles(value)):
                made = f"{self.name('tie')}({node.number}, {made})"
            return f"{self.variable(out)} = " + (f"{self.name('watch')}({out!r}, {made})" if self.watches else made)
        if node.operation is not None and node.operation.reads:
            return f"{self.name('answers')}[{node.number}] = {self.name('show')}({call})"
        return call

    def _hazard(self, node: Node) -> list[str]:
        step = node.step
        verb = step.do.removeprefix("@")
        handles = [self.variable(name) for name in refs(step)]
        if verb == "drop":
            return [f"del {', '.join(handles)}"]
        if verb == "cycle" and handles:
            return [f"{self.name('Knot')}([{', '.join(handles)}])", f"del {', '.join(handles)}"]
        if verb == "collect":
            return ["gc.collect()"]
        if verb == "touch" and handles:
            how = str(step.args.get("how"))
            if how in _TOUCH_STATEMENTS:
                return [line.format(handles[0]) for line in _TOUCH_STATEMENTS[how]]
            if how in _TOUCHES:
                return [self._result(node, _TOUCHES[how].format(handles[0]))]
        if verb == "uninitialised" and handles:
            return [self._result(node, f"type({handles[0]}).__new__(type({handles[0]}))")]
        if verb == "reinitialise" and handles:
            return [self._reinitialise(next(refs(step)))]
        if verb == "resurrect" and handles:
            return [f"{self.name('resurrect')}({', '.join(repr(each) for each in handles)})"]
        if verb in ("fork", "subinterpreter"):
            return [self._aside(node, verb)]
        if verb == "end_thread" and isinstance(number := step.args.get("thread"), int):
            return [self._end_thread(number)]
        repeated = {"flood": self._flood, "pressure": self._pressure, "shortage": self._shortage}.get(verb)
        if repeated is not None:
            return [repeated(node)]
        raise CaseError(f"step {node.number}: {step.do} is no hazard of this deadhand, or lacks its handle", remedy="python -m pip install --upgrade deadhand")

    def _end_thread(self, number: int) -> str:
        if number not in self.started:
            return "pass  # there is no such thread"
        self.started.discard(number)
        return f"{self.thread(number)}.end()"

    def _aside(self, node: Node, verb: str) -> str:
        """What its steps do in a forked process, or in a second interpreter."""
        body = next((node.names[key] for key in node.bodies if key in node.names), None)
        if verb == "fork":
            patience = f", patience={_CHILD_PATIENCE}" if self.case.oracle == "hang" else ""
            return f"{self.name('fork')}({body}, real_exit={node.step.args.get('leave') == 'exit'}{patience})"
        return f"{self.name('in_second_interpreter')}({body or repr('')}{', setup=True' if 'setup' in self.plan.members else ''}{', teardown=True' if 'teardown' in self.plan.members else ''})"

    def _reinitialise(self, name: str) -> str:
        maker = self.makers.get(name)
        if maker is None or maker.operation is None:
            return f"{self.variable(name)}.__init__()"
        self.remaking = True
        args = ", ".join(self._keywords(maker, maker.step.args))
        self.remaking = False
        return f"{self.name('reinitialise')}({self.variable(name)}, Plan.{maker.operation.name}, lambda: dict({args}))"

    def _flood(self, node: Node) -> str:
        args = dict(node.step.args)
        operation, limit = args.pop("operation", None), args.pop("limit", None)
        if operation == "":
            return f"{self.name('flood')}(None, 0)"
        if operation not in self.target.operations or not isinstance(limit, int):
            raise CaseError(f"step {node.number}: {self.target.name} has no operation named {operation}", remedy="the plan has changed since the case was found; delete the case or bring the operation back")
        return f"{self.name('flood')}({', '.join([f'plan.{operation}', str(limit), *self._keywords(node, args)])})"

    def _pressure(self, node: Node) -> str:
        args = dict(node.step.args)
        operation, times = args.pop("operation", None), args.pop("times", None)
        if operation not in self.target.operations or not isinstance(times, int):
            raise CaseError(f"step {node.number}: {self.target.name} has no operation named {operation}", remedy="the plan has changed since the case was found; delete the case or bring the operation back")
        return f"{self.name('pressure')}({', '.join([str(times), f'plan.{operation}', *self._keywords(node, args)])})"

    def _shortage(self, node: Node) -> str:
        args = dict(node.step.args)
        operation, first, times = args.pop("operation", None), args.pop("from", None), args.pop("times", None)
        if operation not in self.target.operations or not isinstance(first, int) or not isinstance(times, int):
            raise CaseError(f"step {node.number}: {self.target.name} has no operation named {operation}", remedy="the plan has changed since the case was found; delete the case or bring the operation back")
        return f"{self.name('run_short')}({', '.join([str(first), str(times), f'plan.{operation}', *self._keywords(node, args)])})"

    # --- reads before an end -------------------------------------------------------------------------------------

    def _observations(self, node: Node) -> list[str]:
        """Answers of later reads on what this step may end, taken just before it does."""
        if not self.reads or not (node.step.do in _LETS_GO or (node.operation is not None and node.operation.ends)):
            return []
        affected = self._affected(node)
        lines = []
        for read in self.reads:
            if read.number <= node.number or read.step.flight or not affected.intersection(refs(read.step)) or any(read.bodies.values()):
                continue
            self.observed.append((node.number, read.number))
            lines.append("with contextlib.suppress(BaseException):  # " + f"what step {read.number} would read now")
            lines.append(f"    {self.name('answers')}[{read.number}, {node.number}] = {self.name('show')}({self.call(read)})")
        return lines

    def _affected(self, node: Node) -> set[str]:
        affected = set(refs(node.step))
        size = -1
        while size != len(affected):
            size = len(affected)
            affected |= {out for out, maker in self.makers.items() if affected.intersection(refs(maker.step))}
        if node.operation is not None and (not list(refs(node.step)) or node.operation.invalidates):
            ended = {*node.operation.disposes, *node.operation.invalidates}
            affected |= {out for out, maker in self.makers.items() if maker.operation is not None and maker.operation.creates in ended}
        return affected

    def _after(self, node: Node) -> list[str]:
        """The comparisons that follow a read."""
        if node.operation is None or not node.operation.reads:
            return []
        what = repr(next(refs(node.step), ""))
        mine = node.number == self.case.step and self.case.oracle in ("observation", "identity")
        lines = [
            f"{self.name('compare')}({node.number}, {end}, {what})"
            for end, read in self.observed
            if read == node.number and (mine or is_compared(self.target, self.case.program, end, read))
        ]
        for earlier, later, equal in self.pairs:
            if later == node.number:
                lines.append(f"{self.name('same' if equal else 'differ')}({earlier}, {later}, {what})")
        return lines

    # --- values --------------------------------------------------------------------------------------------------

    def value(self, value: Value, node: Node, name: str) -> str:
        """The expression that builds a value afresh."""
        if isinstance(value, Ref):
            return self.variable(value.name)
        if isinstance(value, Hostile):
            return self._hostile(value, node, name)
        if isinstance(value, Items):
            return self._items(value, node, name)
        if isinstance(value, Lent):
            built = self.value(value.value, node, name)
            inner = value.value
            is_bytes = (isinstance(inner, Blob) and inner.kind == "bytes") or (isinstance(inner, Hostile) and inner.protocol == "data")
            return f"bytearray({built})" if is_bytes else built
        if isinstance(value, Pick):
            return self._pick(value, node, name)
        if isinstance(value, Blob):
            return self._blob(value)
        if isinstance(value, Number):
            return f"{value.kind}({_number(value)!r})"
        if isinstance(value, Text):
            return f'bytes.fromhex({value.build().encode("utf-8", "surrogatepass").hex()!r}).decode("utf-8", "surrogatepass")'
        return repr(value)

    def _blob(self, blob: Blob) -> str:
        if blob.fill is not None:
            return f"{blob.kind if blob.kind == 'bytearray' else 'bytes'}([0x{blob.fill:02x}]) * {int(blob.size)}"
        raw = bytes(blob.build())
        return f"bytearray({raw!r})" if blob.kind == "bytearray" else f"{self.name('fresh')}({raw!r})"

    def _items(self, value: Items, node: Node, name: str) -> str:
        parts = [self.value(item, node, name) for item in value.items]
        if value.kind == "dict":
            return f"{{{', '.join(f'{key}: {item}' for key, item in zip(parts[::2], parts[1::2], strict=False))}}}"
        if value.kind not in _CONTAINERS:
            raise CaseError(f"step {node.number}: there is no container called {value.kind!r}", remedy="the case was not written by deadhand; do not trust it")
        return _CONTAINERS[value.kind].format(", ".join(parts))

    def _hostile(self, hostile: Hostile, node: Node, name: str) -> str:
        if hostile.protocol not in CLASSES:
            raise CaseError(f"step {node.number}: there is no hostile value called {hostile.protocol!r}", remedy="python -m pip install --upgrade deadhand")
        self.protocols.add(hostile.protocol)
        dying = hostile.when == "death"
        self.dies = self.dies or dying
        settings = [node.names[id(hostile)]] if id(hostile) in node.names else []
        settings += [f"at={hostile.nth}"] if hostile.nth != 1 and not dying else []
        settings += ["raises=True"] if hostile.raises else []
        settings += [f"keep={self.variable(hostile.keep)!r}"] if hostile.keep is not None else []
        settings += ["dying=True"] if dying else []
        cls = self.name(class_name(hostile.protocol))
        cls = f"{self.name('mortal')}({cls})" if dying else cls
        made = f"{cls}({self.value(hostile.value, node, name)}, {self.name('Fire')}({', '.join(settings)}))"
        if hostile.cycle:
            made = f"{self.name('holding')}({', '.join([made, *[repr(self.variable(each)) for each in refs(node.step)]])})"
            if node.step.out is not None and not self.remaking:
                made = f"{self.name('holding_made')}({node.number}, {made})"
        keeps = node.operation is not None and node.operation.keeps
        return f"{self.name('watch')}({f'{name} of step {node.number}'!r}, {made})" if self.watches and not keeps else made

    def _pick(self, pick: Pick, node: Node, name: str) -> str:
        operation = node.operation or self.target.operations.get(str(node.step.args.get("operation", "")))
        offered = next((each.offered for each in operation.parameters if each.name == name), ()) if operation else ()
        if operation is None or not 0 <= pick.index < len(offered):
            raise CaseError(f"step {node.number}: the plan offers no object number {pick.index} for {name} ({pick.label})", remedy="the plan has changed since the case was found; delete the case")
        return self.plan.expression_of(offered[pick.index], operation.name, name, pick.index, len(offered))


def _handles_first(args: dict[str, Value]) -> list[tuple[str, Value]]:
    """In the order in which the child builds them: a handle that is not there must show before anything is built."""
    return sorted(args.items(), key=lambda each: not isinstance(each[1], Ref))


def class_name(protocol: str) -> str:
    """The script's name for a class of worker/hostile_values.py: there they have names that plans use as well."""
    return "Hostile" + CLASSES[protocol].__name__


def _hostiles(value: Value) -> Iterator[Hostile]:
    from deadhand.model.program import Step, hostiles

    return hostiles(Step(do="", args={"value": value}))


def _changed(step: Step) -> set[str]:
    """The handles whose variables a step binds or unbinds."""
    changed = {step.out} if step.out is not None else set()
    return changed | set(refs(step)) if step.do in _LETS_GO else changed


def _is_async(operation: Operation) -> bool:
    import inspect

    return inspect.iscoroutinefunction(operation.function)


def _parameter(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CaseError(f"a parameter is called {name!r}, which is no name", remedy="the case was not written by deadhand; do not trust it")
    return name


def _number(number: Number) -> str:
    if number.kind not in ("int", "float", "complex"):
        raise CaseError(f"there is no number called {number.kind!r}", remedy="the case was not written by deadhand; do not trust it")
    if len(number.text) > _INT_LIMIT:
        raise UnsupportedError("cannot export: a number of more than 4000 digits", remedy="shrink the case first: deadhand shrink")
    return number.text


def _text(name: str, body: list[str]) -> list[str]:
    """A variable that holds lines of code, to be read as such where that can be."""
    text = "\n".join(body)
    if "\\" in text or '"""' in text:
        return [f"{name} = {text!r}", ""]
    return [f'{name} = """  # runs in a second interpreter', *body, '"""', ""]


def _comment(text: str) -> str:
    return " ".join(text.split())
