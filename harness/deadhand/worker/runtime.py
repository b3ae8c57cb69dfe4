"""Executes programs in a child: holds the handles, makes the calls, writes the history as it goes."""

from __future__ import annotations

import gc
import inspect
import os
import sys
import threading
import types
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from deadhand.hazards import VERBS
from deadhand.model import history
from deadhand.model.program import Hostile, Items, Lent, Pick, Program, Ref, Step
from deadhand.worker.control import BUDGET, Control
from deadhand.worker.digest import digest, exports_buffer, shows_fill
from deadhand.worker.evidence import FREED_FILL
from deadhand.worker.fire import Fire
from deadhand.worker.forking import Leaving, fork_and_follow
from deadhand.worker.hostile_values import CLASSES
from deadhand.worker.lending import overwrite
from deadhand.worker.node import SCALARS, Node
from deadhand.worker.patience import Patience
from deadhand.worker.points import files_of
from deadhand.worker.reference import reference_to
from deadhand.worker.second import run_there
from deadhand.worker.shortage import is_short, run_short
from deadhand.worker.threads import Crew
from deadhand.worker.words import TEXT, bases, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.model.schedule import Schedule
    from deadhand.target.describe import Description
    from deadhand.target.target import Target
    from deadhand.worker.page_guard import PageGuard
    from deadhand.worker.workspace import Workspace

_MOST_LOST = 50
"""Lost exceptions written down per program: a thread that raises for ever must not fill the journal."""

_SETTLE_SECONDS = 0.1
Result = TypeVar("Result")
_encode = msgspec.msgpack.Encoder().encode
_MISSING = object()
_LETS_GO = (VERBS["@drop"], VERBS["@cycle"], VERBS["@resurrect"])


class Skip(Exception):  # noqa: N818  control flow, never seen by users
    """A step cannot be done: a handle it needs was never made, or is no longer held."""


class Runtime:
    """One child's executor. `run` executes one program; it can be called many times."""

    def __init__(
        self,
        target: Description,
        append: Callable[[bytes], Any],
        workspace: Workspace,
        evidence: str,
        guard: PageGuard | None = None,
        *,
        journal: Any = None,
        budget: int = BUDGET,
    ) -> None:
        self.target = target
        self.append = append
        self.pid = 0
        self.workspace = workspace
        self.fill = FREED_FILL.get(evidence)
        self.guard = guard
        self.crew = Crew()
        self.control = Control(self.note, journal, files_of(target), budget)
        self.held: dict[str, Any] = {}
        self.kept: list[Any] = []
        self.plan: Target | None = None
        self._canaries: list[tuple[int, str, weakref.ref[Any], bool, bool]] = []
        self._parents: dict[str, tuple[str, ...]] = {}
        self._kinds: dict[str, str] = {}
        self._makers: dict[str, Node] = {}
        self._reads: list[Node] = []
        self._survivors: list[weakref.ref[Any]] = []
        self._fires: list[Fire] = []
        self._knots: dict[int, list[list[Any]]] = {}
        self._lost = 0
        self._cut = False
        self._patience = Patience()
        self._in_region = False
        self._doing = threading.local()
        self._plan_file = target.path
        if any(inspect.iscoroutinefunction(each.function) for each in target.operations.values()):
            import deadhand.worker.flight  # noqa: F401  once, and not in every child
        sys.unraisablehook = self._on_unraisable
        threading.excepthook = self._on_thread_exception

    # --- the journal ---------------------------------------------------------------------------------------------

    def note(self, *event: Any) -> None:
        """Append one event to the history."""
        self.append(_encode(event))

    def _on_unraisable(self, unraisable: Any) -> None:
        where = f"{unraisable.err_msg or 'Exception ignored in'} {type(unraisable.object).__name__}"
        self._note_lost(where, unraisable.exc_type, unraisable.exc_value)

    def _on_thread_exception(self, args: Any) -> None:
        if args.exc_type is not SystemExit:
            self._note_lost("thread", args.exc_type, args.exc_value)

    def _note_lost(self, where: str, kind: type, error: BaseException | None) -> None:
        if issubclass(kind, MemoryError) and is_short():
            return
        self._lost += 1
        if self._lost <= _MOST_LOST:
            self.note(history.LOST, where[:TEXT], bases(kind), say(error))

    def _enter(self, phase: str) -> None:
        """Write down that a phase begins, for the history and for the page guard."""
        self.note(history.PHASE, phase)
        if self.guard is not None:
            self.guard.enter(phase)

    # --- a program -----------------------------------------------------------------------------------------------

    def run(self, program: Program) -> None:
        """Execute `program`, ending included; for the ending "exit" the caller must leave the interpreter.

        A plan whose `setup` raises gets no step: the history is then the phase "setup", RAISED with step 0, and DONE.
        """
        nodes = self._prepare(program)
        self._enter("setup")
        ledgers = self._quietly(self._set_up)
        if ledgers is not None:
            self._enter("steps")
            self._perform_all(nodes, program.schedule)
            self._enter("teardown")
            self._quietly(self.plan.teardown)  # type: ignore[union-attr]
            if program.ending == "exit":
                self._enter("exit")
                self.note(history.THREADS, len(os.listdir("/proc/self/task")))  # noqa: PTH208  as cheap as can be
                return
        self._enter("drop")
        self._release(nodes)
        self._enter("collect")
        if gc.collect():  # a finalizer may have made more garbage
            gc.collect()
        if self._cut and ledgers is not None:
            self._settle(ledgers)
        survivors = self._look_for_survivors()
        for fire in self._fires:
            fire.runtime = None
        self._fires.clear()
        for name, start in (ledgers or {}).items():
            left = self._quietly(lambda name=name: self._count(name))  # type: ignore[misc]
            if left is not None:
                self.note(history.LEDGER, name, start, left)
        if survivors and ledgers and (late := [what for what, reference in survivors if reference() is None]):
            self.note(history.LATE, late)
        self.plan = None
        self.workspace.clear()
        if self.guard is not None:
            self.note(history.LEFT, *self.guard.left())
        self.note(history.DONE)

    def _set_up(self) -> dict[str, int]:
        self.plan = self.target.cls(self.workspace)
        self.plan.setup()
        return {name: self._count(name) for name in self.target.ledgers}

    def _prepare(self, program: Program) -> list[Node]:
        self._lost = 0
        self._cut = False
        self._reads = []
        self._canaries.clear()
        self._parents.clear()
        self._kinds.clear()
        self._makers.clear()
        counter = [0]
        return [self._node(step, counter) for step in program.steps]

    def _node(self, step: Step, counter: list[int]) -> Node:
        counter[0] += 1
        operation = self.target.operations.get(step.do)
        node = Node(counter[0], step, operation)
        if operation is not None and operation.reads:
            self._reads.append(node)
        for _, value in node.others:
            self._bodies(value, node, counter)
        return node

    def _bodies(self, value: Any, node: Node, counter: list[int]) -> None:
        kind = value.__class__
        if kind is Hostile:
            # The order of numbering is Program.walk's: a hostile value's body before that of the value inside it.
            node.bodies[id(value)] = tuple([self._node(step, counter) for step in value.body])
            self._bodies(value.value, node, counter)
        elif kind is Items:
            for item in value.items:
                self._bodies(item, node, counter)
        elif kind is Lent:
            self._bodies(value.value, node, counter)

    def _perform_all(self, nodes: list[Node], schedule: Schedule | None) -> None:
        at = regions = 0
        while at < len(nodes):
            end = at + 1
            while end < len(nodes) and nodes[end].step.overlap:
                end += 1
            group = nodes[at:end]
            if end == at + 1 or (schedule is not None and schedule.mode == "serial"):
                for node in group:
                    self._perform_alone(node)
            elif schedule is not None and schedule.mode == "controlled":
                self._in_region = True  # a read of ours would be one more step in it, and what it saw could not be judged
                self.control.run(regions, group, schedule, self.crew, self.perform)
                self._in_region = False
            else:
                self.crew.together([(node.step.thread, self.perform, node) for node in group])
            regions += end > at + 1
            at = end

    def _perform_alone(self, node: Node) -> None:
        if node.step.thread == 0:
            self.perform(node)
        else:
            self.crew.run(node.step.thread, self.perform, node)

    def perform(self, node: Node) -> None:
        """Do one step, and write down that it began and how it ended."""
        step = node.step
        guard = self.guard
        if guard is not None:
            guard.begin(node.number, step.thread)
        self.note(history.BEGIN, node.number, step.thread)
        if step.stress:
            gc.set_threshold(1, 1, 1)
            gc.enable()
        try:
            result = self._call(node)
        except Skip as skip:
            self.note(history.SKIPPED, node.number, str(skip))
        except Leaving:
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the plan's
            self.note(history.RAISED, node.number, bases(type(error)), say(error), self._in_plan(error))
        else:
            self._returned(node, result)
        finally:
            if self._knots:
                self._knots.pop(node.number, None)
            if step.stress:
                gc.disable()
                gc.set_threshold(700, 10, 10)
            if guard is not None:
                if node.verb in _LETS_GO or (node.operation is not None and node.operation.ends):
                    gc.collect()  # empties the interpreter's free lists: what is in them is not freed yet
                guard.end()

    def _call(self, node: Node) -> Any:
        step = node.step
        if node.operation is None and node.verb is None:
            message = f"no operation named {step.do}"
            raise Skip(message)
        if self._reads and not self._in_region and (node.verb in _LETS_GO or (node.operation is not None and node.operation.ends)):
            self._observe_before(node)
        args = self._arguments(node)
        if node.verb is not None:
            self._doing.names, self._doing.node = node.direct, node
            return node.verb.perform(self, args)
        if not node.lends:
            return self._invoke(node, args)
        try:
            return self._invoke(node, args)
        finally:
            overwrite(node, args)

    def _arguments(self, node: Node) -> dict[str, Any]:
        """Built values for the call. Raises Skip for a handle that is not held, and for a value that cannot be built: no call was made."""
        args = node.plain.copy()
        held = self.held
        for name, handle in node.handles:
            if handle not in held:
                message = f"{handle} is not held"
                raise Skip(message)
            args[name] = held[handle]
        try:
            for name, value in node.others:
                args[name] = self._build(value, node, name)
        except (Skip, MemoryError):
            raise
        except Exception as error:
            message = f"an argument cannot be built: {type(error).__name__}: {say(error)}"
            raise Skip(message) from error
        return args

    def _invoke(self, node: Node, args: dict[str, Any]) -> Any:
        result = node.operation.function(self.plan, **args)  # type: ignore[union-attr]
        if result.__class__ is types.CoroutineType or (node.step.out is None and hasattr(result.__class__, "__await__")):
            return self._fly(node, result)
        return result

    def _fly(self, node: Node, awaitable: Any) -> Any:
        """Run what is awaited, in a loop of its own, as far as the step says."""
        from deadhand.worker.flight import fly

        step = node.step
        self._cut = self._cut or bool(step.flight)
        return fly(awaitable, step.flight, step.pause, lambda what: self.note(history.FOREIGN, node.number, what), lambda where, error: self._note_lost(where, type(error), error))

    def _returned(self, node: Node, result: Any) -> None:
        step, operation = node.step, node.operation
        kind = buffer = shown = None
        if step.out is not None and result is not None:
            self.held[step.out] = result
            for held in self._knots.pop(node.number, ()):
                held.append(result)
            self._kinds[step.out] = operation.creates if operation is not None else "made"
            self._parents[step.out] = node.direct
            self._makers[step.out] = node
            kind, buffer = type(result).__name__, exports_buffer(result)
            self._watch(node.number, step.out, result)
        elif operation is not None and operation.reads:
            shown = digest(result)
        fill = self.fill
        self.note(history.RETURNED, node.number, shown, fill if fill is not None and shows_fill(result, fill) else None, kind, buffer)

    # --- values --------------------------------------------------------------------------------------------------

    def _build(self, value: Any, node: Node, name: str) -> Any:
        kind = value.__class__
        if kind in SCALARS:
            return value
        if kind is Ref:
            held = self.held.get(value.name, _MISSING)
            if held is _MISSING:
                message = f"{value.name} is not held"
                raise Skip(message)
            return held
        if kind is Hostile:
            return self._build_hostile(value, node, name)
        if kind is Items:
            items = [self._build(item, node, name) for item in value.items]
            if value.kind == "dict":
                return dict(zip(items[::2], items[1::2], strict=False))
            return items if value.kind == "list" else _CONTAINERS[value.kind](items)
        if kind is Lent:
            built = self._build(value.value, node, name)
            return bytearray(built) if isinstance(built, bytes) else built
        if kind is Pick:
            return self._picked(value, node, name)
        return value.build()

    def _build_hostile(self, value: Hostile, node: Node, name: str) -> Any:
        fire = Fire(self, value, node.bodies.get(id(value), ()))
        cls: Any = CLASSES[value.protocol]
        if value.when == "death":
            cls = type(cls.__name__, (cls,), {"__del__": _finalize})
        made = cls(self._build(value.value, node, name), fire)
        if value.cycle:
            made.held = [self.held[each] for each in node.direct if each in self.held]
            if node.step.out is not None:
                self._knots.setdefault(node.number, []).append(made.held)
        self._fires.append(fire)
        keeps = node.operation is not None and node.operation.keeps
        self._canaries.append((node.number, f"{name} of step {node.number}", reference_to(made), value.cycle, keeps))
        return made

    def _picked(self, value: Pick, node: Node, name: str) -> Any:
        operation = node.operation or self.target.operations.get(str(node.step.args.get("operation", "")))
        offered = next((each.offered for each in operation.parameters if each.name == name), ()) if operation else ()
        if value.index >= len(offered):
            message = f"the plan offers no object number {value.index} for {name}"
            raise Skip(message)
        return offered[value.index]

    # --- what hazards ask for ------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the handles that the hazard in progress on this thread was given."""
        return getattr(self._doing, "names", ())

    def forget(self, name: str) -> None:
        """Let go of a handle. Raises Skip when it is not held."""
        if self.held.pop(name, _MISSING) is _MISSING:
            message = f"{name} is not held"
            raise Skip(message)

    def keep(self, made: Any) -> None:
        """Hold something until the end of the program."""
        self.kept.append(made)

    def end_thread(self, thread: int) -> None:
        """End one of the program's threads. Raises Skip when it has not begun, and when it is the one that asks."""
        if threading.current_thread() is not threading.main_thread() or not self.crew.end(thread):
            message = f"there is no thread {thread} to end"
            raise Skip(message)

    def operation(self, name: str) -> Callable[..., Any]:
        """An operation of the plan, bound. Raises Skip when there is none of that name."""
        operation = self.target.operations.get(name)
        if operation is None:
            message = f"no operation named {name}"
            raise Skip(message)
        return types.MethodType(operation.function, self.plan)

    fork = fork_and_follow

    def in_second_interpreter(self, nodes: tuple[Node, ...]) -> None:
        """Load the plan in a second interpreter, do `nodes` there, and end it. Raises Skip where there can be none."""
        if why := run_there(self, nodes):
            raise Skip(why)

    def flood(self, name: str, limit: int, args: dict[str, Any]) -> None:
        """Call an operation again and again, or without one let time pass, and note what is in use."""
        from deadhand.worker.flood import flood

        node: Node = self._doing.node
        call = self.operation(name) if name else None

        def once() -> None:
            result = call(**args)  # type: ignore[misc]
            if result.__class__ is types.CoroutineType:
                self._fly(node, result)

        if seen := flood(once if name else None, limit, self.guard):
            self.note(history.FLOOD, node.number, limit if name else 0, seen)

    def run_short(self, name: str, first: int, times: int, args: dict[str, Any]) -> None:
        """Call an operation while one allocation after another fails."""
        run_short(self.operation(name), first, times, args, self.keep)

    def reinitialise(self, handle: Any) -> None:
        """Run `__init__` on `handle` again as the step that made it would.

        Its operation runs with the handle's class replaced by one that initialises `handle` instead of making a new object.
        """
        maker = self._makers.get(self.names[0])
        if maker is None or maker.operation is None or not self._run_again(maker, handle):
            handle.__init__()

    def _run_again(self, maker: Node, handle: Any) -> bool:
        ran = False
        kind = type(handle)

        def again(*args: Any, **named: Any) -> Any:
            nonlocal ran
            ran = True
            kind.__init__(handle, *args, **named)
            return handle

        function = maker.operation.function  # type: ignore[union-attr]
        swapped = dict(function.__globals__)
        for name in function.__code__.co_names:
            value = function.__globals__.get(name)
            if value is kind:
                swapped[name] = again
            elif isinstance(value, types.ModuleType):
                contents = vars(value)
                if any(each is kind for each in contents.values()):
                    swapped[name] = types.SimpleNamespace(**{key: again if each is kind else each for key, each in contents.items()})
        twin = types.FunctionType(function.__code__, swapped, function.__name__, function.__defaults__, function.__closure__)
        try:
            twin(self.plan, **self._arguments(maker))
        finally:
            self._knots.pop(maker.number, None)
        return ran

    # --- reads before an end -------------------------------------------------------------------------------------

    def _observe_before(self, node: Node) -> None:
        """Take the answers of later reads on what this step may end, just before it does."""
        affected = set(node.direct)
        grown = True
        while grown:
            grown = False
            for child, parents in self._parents.items():
                if child not in affected and affected.intersection(parents):
                    affected.add(child)
                    grown = True
        if node.operation is not None and (not node.direct or node.operation.invalidates):
            ended = {*node.operation.disposes, *node.operation.invalidates}
            affected.update(name for name, kind in self._kinds.items() if kind in ended)
        for read in self._reads:
            if read.number <= node.number or read.step.flight or not affected.intersection(read.direct):
                continue
            if all(name in self.held for name in read.direct) and not any(read.bodies.values()):
                self._observe(node, read)

    def _observe(self, node: Node, read: Node) -> None:
        self.note(history.BEGIN, -read.number, read.step.thread)
        try:
            shown = digest(self._invoke(read, self._arguments(read)))
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the plan's
            self.note(history.RAISED, -read.number, bases(type(error)), say(error), False)
        else:
            self.note(history.OBSERVED, node.number, read.number, shown)
            self.note(history.RETURNED, -read.number, None, None, None, None)

    # --- the end -------------------------------------------------------------------------------------------------

    def _watch(self, number: int, name: str, handle: Any) -> None:
        if isinstance(handle, type):
            return
        try:
            reference = weakref.ref(handle)
        except TypeError:
            return
        self._canaries.append((number, name, reference, False, False))

    def _release(self, nodes: list[Node]) -> None:
        self.crew.forget()
        while self.held:
            self.held.popitem()
        self.kept.clear()
        for fire in self._fires:
            if fire.hostile.when != "death":
                fire.runtime = None
        self._makers.clear()
        self._reads.clear()
        nodes.clear()

    def _settle(self, ledgers: dict[str, int]) -> None:
        """After an await was cut short, native code may be about to give back what it holds."""

        def settled() -> bool:
            alive = any(reference() is not None and not keeps for *_, reference, _, keeps in self._canaries)
            return not alive and all(self._quietly(lambda name=name: self._count(name)) in (None, start) for name, start in ledgers.items())  # type: ignore[misc]

        self._patience.wait(settled, _SETTLE_SECONDS, collect=True)

    def _look_for_survivors(self) -> list[tuple[str, weakref.ref[Any]]]:
        """Write down who is alive. Those given back are worth another look once the library was called: they had time to die by themselves."""
        alive = [each for each in self._canaries if each[2]() is not None]
        waited = bool(alive) and self._wait_for_death([each[2] for each in alive if not each[4]])
        for number, what, reference, cycle, keeps in alive:
            if reference() is not None:
                self.note(history.SURVIVOR, number, what, cycle, keeps)
                if not keeps:
                    self._survivors.append(reference)
        if self._survivors:
            self._survivors = [each for each in self._survivors if each() is not None]
            self.note(history.ALIVE, len({id(each()) for each in self._survivors}))
        return [(what, reference) for _, what, reference, _, keeps in alive if waited and not keeps and reference() is not None]

    def _wait_for_death(self, survivors: list[weakref.ref[Any]]) -> bool:
        """Give a native thread time to let go, without calling the library. False where that was not, or need not be, done."""
        if self._cut or not survivors or not self.target.ledgers:
            return False
        return self._patience.wait(lambda: all(reference() is None for reference in survivors), _SETTLE_SECONDS / 2)

    def _count(self, name: str) -> int:
        return int(getattr(self.plan, name)())

    def _quietly(self, function: Callable[[], Result]) -> Result | None:
        """Call a part of the plan that is no step: what it raises is written down as step 0 and does not end the child."""
        try:
            return function()
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the plan's
            self.note(history.RAISED, 0, bases(type(error)), say(error), True)
            return None

    def _in_plan(self, error: BaseException) -> bool:
        """Whether the plan's own line raised: then an AssertionError is the plan's judgement."""
        if not isinstance(error, AssertionError):
            return False
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        return traceback is not None and traceback.tb_frame.f_code.co_filename == self._plan_file


def _finalize(made: Any) -> None:
    fire = getattr(made, "fire", None)  # none, if it was never initialised
    if fire is not None:
        fire.finalize()


_CONTAINERS: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}
