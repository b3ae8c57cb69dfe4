"""Is a plan of attack sound? Its handles are made and its operations called in children, with nothing hazardous done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from deadhand.errors import PlanError
from deadhand.hazards.draft import Draft
from deadhand.model import history as H  # noqa: N812
from deadhand.model.program import Program
from deadhand.model.values import NotPlain
from deadhand.oracles.timeline import build_timeline
from deadhand.search.random_drawer import Pools, RandomDrawer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deadhand.hazards.drawer import T
    from deadhand.model.history import Death, History
    from deadhand.target.describe import Description, Operation
    from deadhand.worker.controller import Lane

_SEED = 0
_ROUNDS = (6, 10, 14)  # calls of each operation; later rounds only for those that have not returned yet
_WALK = (2, 8)
_DEATHS = 3  # after so many there is nothing to learn from the rest


def check_plan(target: Description, lane: Lane, warn: Callable[[str], None] = lambda _: None) -> list[str]:
    """What is wrong with a plan, one sentence each with its remedy; an empty list when it is sound.

    Sound means: a live handle of each kind can be made, setup, teardown and every ledger work, and no child dies while
    nothing hazardous is done. `warn` is told of each operation that never returned, which a plan may mean. `lane` is
    started, and idle.
    """
    try:
        check = _Check(target, lane)
        check.run()
    except NotPlain as error:
        return [f"{target.path}: {error}"]
    except PlanError as error:
        return [str(error)]
    for sentence in check.warnings():
        warn(sentence)
    return check.problems()


class _TameDrawer(RandomDrawer):
    """Chooses operations and values at random, but never a hazard: no hostile twin, no stress, no handle that is gone."""

    def chance(self, percent: int) -> bool:  # noqa: ARG002  whatever is optional is hazardous
        return False

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        return super().weighted([each for each in options if each[0] != "ended"])


class _Check:
    def __init__(self, target: Description, lane: Lane) -> None:
        self.target = target
        self.lane = lane
        self.draw = _TameDrawer(Pools(target, _SEED), _SEED)
        self.called: Counter[str] = Counter()
        self.returned: Counter[str] = Counter()
        self.raised: dict[str, str] = {}
        self.made: set[str] = set()
        self.ledgers: set[str] = set()
        self.faults: dict[str, None] = {}
        self.fatal: set[str] = set()
        self.ends: set[tuple[str, str]] = set()
        self.deaths = 0

    # --- running -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Call every operation on live handles, again with other values where it did not return."""
        for calls in _ROUNDS:
            waiting = [each for each in self.target.operations.values() if not self.returned[each.name] and each.name not in self.fatal]
            programs = [self.program(operation, steps=at % 2 * self.draw.integer(*_WALK)) for operation in waiting for at in range(calls)]
            self.execute([program for program in programs if program.steps])
            if self.deaths >= _DEATHS:
                return

    def program(self, operation: Operation, steps: int) -> Program:
        """Ordinary calls, then one of `operation`. The bodies of callbacks stay empty: the draft is not finished."""
        draft = Draft(self.target, self.draw)
        tame = [each for each in self.target.operations.values() if not each.ends and each.name not in self.fatal]
        for _ in range(steps if tame else 0):
            draft.call(self.draw.choose(tame), hostile=False)
        kinds = Counter(parameter.kind for parameter in operation.handles)
        for kind in (kind for kind, times in kinds.items() for _ in range(times - 1)):
            draft.create(kind)  # two of a kind: source and destination may not be one
        draft.call(operation, hostile=False)
        return Program(tuple(draft.steps))

    def execute(self, programs: list[Program]) -> None:
        """Run all programs, in as many children as it takes."""
        while programs and self.deaths < _DEATHS:
            batch = self.lane.run(programs)
            for program, history in zip(batch.programs, batch.histories, strict=False):
                self.read(program, history)
            programs = batch.unrun

    def read(self, program: Program, history: History) -> None:
        """Take in one run; a death counts when it repeats in a fresh child."""
        timeline = build_timeline(self.target, program, history)
        for ran in timeline.ran:
            self.called[ran.step.do] += 1
            if ran.returned:
                self.returned[ran.step.do] += 1
            elif ran.raised:
                self.raised[ran.step.do] = _exception(ran.raised[0], ran.message)
        self.made.update(life.kind for life in timeline.lives.values() if life.type)
        phase = ""
        for event in history.events:
            if event[0] == H.PHASE:
                phase = event[1]
            elif event[0] == H.RAISED and event[1] == 0:
                self.failed_around(phase, _exception(event[2][0], event[3]))
            elif event[0] == H.LEDGER:
                self.ledgers.add(event[1])
        if history.death is not None:
            self.died(program, self.lane.run_one(program))

    def died(self, program: Program, history: History) -> None:
        """A program whose child died, run once more alone."""
        death = history.death
        if death is None:
            return
        self.deaths += 1
        steps = {number: step for number, step, _ in program.walk()}
        open_ = [number for number in history.open_steps() if number in steps]
        last = steps[open_[-1]].do if open_ else history.phase()
        if (death.name, last) in self.ends:
            return
        self.ends.add((death.name, last))
        if open_:
            self.fatal.add(last)
            before = ", ".join(step.do for number, step in steps.items() if number < open_[-1])
            where = f"in {last}" + (f" after {before}" if before else "")
        else:
            where = f"in the phase {last}, after {', '.join(step.do for step in steps.values())}"
        self.fault(
            f"nothing hazardous was done, yet the child {_end(death)} {where}",
            "if the plan misuses the library, correct it; if it does not, the library breaks in ordinary use: deadhand hunt keeps the case",
        )

    def failed_around(self, phase: str, said: str) -> None:
        """A part of the plan that is no step raised: where that is, the phase tells."""
        ledgers = " and ".join(f"{name}()" for name in self.target.ledgers)
        if phase == "setup":
            self.deaths = _DEATHS  # no step is done then
            what = f"setup(), or the ledger {ledgers}," if ledgers else "setup()"
            self.fault(f"{self.target.path}: {what} raised {said}", "it must work in a fresh process, as often as there are programs")
        elif phase == "teardown":
            self.fault(f"{self.target.path}: teardown() raised {said}", "it must work after any program, the empty one included")
        else:
            self.fault(f"{self.target.path}: the ledger {ledgers} cannot be read at the end: {said}", "it must return an integer after the last handle is gone, too")

    # --- what came of it -----------------------------------------------------------------------------------------

    def fault(self, what: str, remedy: str) -> None:
        self.faults[f"{what}\n  remedy: {remedy}"] = None

    def problems(self) -> list[str]:
        """Faults seen, and kinds of which there never was a handle."""
        if self.deaths < _DEATHS:
            for kind in self.missing():
                why = "; ".join(self.why_not(each) for each in self.target.creators(kind))
                self.fault(f"{self.target.path}: no live handle of the kind '{kind}' could be made: {why}", "correct the operation that creates it, or give its parameters values that the library accepts")
            for name in self.target.ledgers:
                if name not in self.ledgers:
                    self.fault(f"{self.target.path}: the ledger {name}() was never read", "report it with deadhand doctor's output")
        return list(self.faults)

    def warnings(self) -> list[str]:
        """Operations that never returned, unless something worse is said of them."""
        if self.deaths >= _DEATHS:
            return []
        missing = set(self.missing())
        return [
            f"{self.target.path}:{each.line}: {self.why_not(each)}; it tests nothing but refusals until its parameters draw values that the library accepts"
            for each in self.target.operations.values()
            if not self.returned[each.name] and each.name not in self.fatal and not missing & {each.creates, *(parameter.kind for parameter in each.handles)}
        ]

    def missing(self) -> list[str]:
        """Kinds of which no live handle was made."""
        return [kind for kind in self.target.kinds if kind not in self.made]

    def why_not(self, operation: Operation) -> str:
        """What came of the calls of an operation that gave nothing."""
        name, calls = operation.name, self.called[operation.name]
        if name in self.fatal:
            return f"'{name}' ended the child"
        if not calls:
            return f"'{name}' could not be called, a handle that it takes was never there"
        times = f"{calls} call{'s' if calls > 1 else ''} on live handles"
        if self.returned[name]:
            return f"'{name}' returned None in each of {times}" if operation.creates not in self.made else f"'{name}' returned"
        return f"'{name}' never returned in {times}; the last one raised {self.raised.get(name, 'nothing')}"


def _exception(dotted: str, message: str) -> str:
    name = dotted.removeprefix("builtins.")
    return f"{name}: {message}" if message else name


def _end(death: Death) -> str:
    if death.kind == "signal":
        return f"was killed by {death.name}"
    if death.kind == "hang":
        return f"hung for {death.name}"
    said = next((line.strip() for line in reversed(death.stderr.splitlines()) if line.strip()), "")
    return f"left with exit code {death.name}" + (f" ({said})" if said else "")
