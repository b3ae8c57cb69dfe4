"""The hunt of one target: lanes in rotating evidence modes, suspicions confirmed, finds kept."""

from __future__ import annotations

import select
import time
from collections import Counter
from typing import TYPE_CHECKING

from deadhand.errors import PlanError, WorkerError
from deadhand.model.history import setup_failure
from deadhand.model.values import NotPlain
from deadhand.oracles import examine
from deadhand.search.confirm import make_case
from deadhand.search.coverage import possible_states
from deadhand.search.events import FindingEvent, Found, Phase, Progress, TargetDone
from deadhand.search.fleet import Fleet
from deadhand.search.generator import Generator, covers
from deadhand.search.growth import REPETITIONS, judge_repeated
from deadhand.search.machine import TimeIsUp, build_machine, hunt_settings, run_machine
from deadhand.search.pairs import Pairs
from deadhand.search.pursuer import Pursuer
from deadhand.search.random_drawer import RandomDrawer
from deadhand.search.schedules import Portfolio, how_scheduled, pinned
from deadhand.search.signature import signature, symptom, trigger
from deadhand.worker.evidence import GUARD, MODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.model.verdict import Finding
    from deadhand.search.confirm import Confirmed
    from deadhand.search.corpus import Corpus
    from deadhand.search.events import Event
    from deadhand.search.pursuer import Result
    from deadhand.settings import Settings
    from deadhand.target.describe import Description
    from deadhand.worker.controller import Batch, Lane

_ROTATION = (("debug", 27), ("poison", 27), ("unmap", 26), ("guard", 10), ("stock", 10))
_STOCK_BATCH = 10
_REPEATS_EVERY = 6  # batches under the page guard of which one repeats a single program, to see what it adds each time
_SAY_SECONDS = 0.5
_MACHINE_SHARE = 0.1  # of a target's time goes to the Hypothesis machine: its database, then new examples
_MACHINE_SECONDS = 5.0
_MACHINE_STEPS = 10
_BATCHES_FIRST = 6  # batches before the machine's turn, in half of the programs or the time at most: the openings of pairs, and exits
_EXITS_FIRST = 9  # batches at the beginning that each end with an interpreter exit…
_DEAR_FIRST = (1, 2, 4, 5)  # …but for these, which end with a second interpreter, or with the exit of a forked child
_MACHINE_PROGRAMS = 30  # one program in so many is the machine's when a hunt is bounded by programs
_GRACE = 4.0  # seconds that the find being minimised may take when a target's time is over
_SAME_PLACE = 4  # minimisations of one symptom in one operation that came to a known end, before most are skipped


class Pursuit:
    """Hunts one target until a deadline, a number of programs, or a find of which `enough` says that it is."""

    def __init__(
        self,
        target: Description,
        *,
        settings: Settings,
        modes: list[str],
        number: int,
        corpus: Corpus | None,
        jobs: int,
        include_unsafe: bool,
        emit: Callable[[Event], None],
        schedules: str = "mixed",
        enough: Callable[[Found], bool] = lambda _: False,
    ) -> None:
        self.enough = enough
        self.target = target
        self.settings = settings
        self.modes = modes
        self.corpus = corpus
        self.jobs = jobs
        self.emit = emit
        self.include_unsafe = include_unsafe
        self.generator = Generator(target, number)
        self.portfolio = Portfolio(schedules, number, settings.schedules, Pairs(target, RandomDrawer(self.generator.draw.pools, number + 1)))
        self.found: dict[str, Found] = {}
        self.triggers: set[tuple[str, str, str]] = set()
        self.programs = 0
        self.unconfirmed = 0
        self.hazards: Counter[str] = Counter()
        self.coverage: dict[str, Counter[str]] = {}
        self.fleet = Fleet(target, settings, modes, side_by_side=jobs, include_unsafe=include_unsafe)
        aside = jobs > 1
        apart = Fleet(target, settings, modes, side_by_side=1, include_unsafe=include_unsafe) if aside else self.fleet
        self.pursuer = Pursuer(target, apart, settings, self._say_phase, aside=aside)
        self._same_place: Counter[tuple[str, str, str]] = Counter()
        self._sent: dict[Lane, int] = {}
        self._turn: Counter[str] = Counter()
        self._began = time.monotonic()
        self._enough = False
        self._draining = False
        self._batches = 0
        self._guarded = 0
        self._repeating: set[Lane] = set()

    def evidence(self) -> dict[str, str]:
        """For each mode "looks", or why it is blind here. Starts every mode once, all at the same time."""
        return self.fleet.evidence()

    def notes(self) -> list[str]:
        """What a reader should know about this target's children."""
        threads = self.fleet.threads()
        started = [f"importing the library starts {threads - 1} thread(s); children are forked without them"] if threads > 1 else []
        return started + self.fleet.notes()

    def close(self) -> None:
        """End every lane."""
        self.pursuer.close()
        self.fleet.close()

    # --- the hunt ------------------------------------------------------------------------------------------------

    def run(self, deadline: float | None, programs: int | None) -> None:
        """Hunt until `deadline` (monotonic seconds) or until `programs` have run. Raises PlanError when the plan draws what is no data."""
        try:
            self._run(deadline, programs)
        except NotPlain as error:
            raise PlanError(f"{self.target.path}: {error}") from None

    def _run(self, deadline: float | None, programs: int | None) -> None:
        self.evidence()
        if not any(self.fleet.lane(mode) is not None for mode in self.modes):
            raise WorkerError(f"{self.target.name}: no evidence mode can start: {next(iter(self.fleet.broken.values()), '')}", remedy="deadhand doctor says what is missing")
        self._batches_until(deadline if deadline is None else (time.monotonic() + deadline) / 2, programs and programs // 2, most=_BATCHES_FIRST)
        self._drain(deadline, last=False)
        self._machine(deadline, programs)
        self._batches_until(deadline, programs)
        self._drain(deadline, last=True)
        while not self._enough and (self.pursuer.busy or (deadline is None and self.pursuer.waiting)):
            self._pursue(deadline, seconds=0.25)
            if deadline is not None and time.monotonic() > deadline + _GRACE:
                break
        self.say_progress(deadline)

    def _batches_until(self, deadline: float | None, programs: int | None, most: int | None = None) -> None:
        """Batch after batch in children, until it is over or `most` were sent; with several jobs a few more."""
        last_said = 0.0
        while not self._over(deadline, programs) and (most is None or self._batches < most):
            self._fill(programs)
            busy = self.fleet.busy()
            if not busy:
                break
            self._advance_ready(busy)
            self._pursue(deadline)
            if time.monotonic() - last_said > _SAY_SECONDS:
                last_said = time.monotonic()
                self.say_progress(deadline)

    def _over(self, deadline: float | None, programs: int | None) -> bool:
        if self._enough or (deadline is not None and time.monotonic() >= deadline):
            return True
        return programs is not None and self.programs >= programs

    def _machine(self, deadline: float | None, programs: int | None) -> None:
        """Hypothesis's share: its database's examples, then as many as the active profile says."""
        lane = next((lane for mode in ("debug", *self.modes) if mode in self.modes and (lane := self.fleet.lane(mode)) is not None), None)
        if lane is None:
            return
        until = time.monotonic() + (_MACHINE_SHARE * (deadline - time.monotonic()) if deadline is not None else _MACHINE_SECONDS)
        seen: list[tuple[Program, Finding]] = []

        def execute(program: Program) -> Finding | None:
            if self._over(until, programs):
                raise TimeIsUp
            self.programs += 1
            program = self.portfolio.only(program)
            history = lane.run_one(program)
            findings = self._judge(program, history)
            program = pinned(program, history)
            fresh = next((each for each in findings if not self._is_known(program, each) and not self._is_pending(program, each)), None)
            if fresh is not None:
                seen.append((program, fresh))
            return fresh

        examples = hunt_settings().max_examples
        if programs is not None:
            examples = max(1, min(examples, programs // _MACHINE_PROGRAMS))
        while not self._over(until, programs):
            seen.clear()
            run_machine(build_machine(self.target, execute), hunt_settings(examples, _MACHINE_STEPS))
            if not seen:
                return
            self.pursuer.suspect(*seen[-1], lane.mode, self.programs)
            self._pursue(deadline)

    def _fill(self, programs: int | None) -> None:
        """Give work to lanes until as many children run as there are jobs."""
        jobs = max(1, self.jobs - self.pursuer.busy)
        for _ in range(jobs - len(self.fleet.busy())):
            planned = sum(self._sent.values())
            if programs is not None and self.programs + planned >= programs:
                return
            lane = self._next_lane()
            if lane is None:
                return
            size = self.settings.batch if MODES[lane.mode].batch_safe else min(_STOCK_BATCH, self.settings.batch)
            if programs is not None:
                size = min(size, programs - self.programs - planned)
            self._submit(lane, size)

    def _next_lane(self) -> Lane | None:
        """A lane of the mode that is furthest behind its share."""
        shares = [(mode, weight) for mode, weight in _ROTATION if mode in self.modes and mode not in self.fleet.broken]
        for mode, _ in sorted(shares, key=lambda each: (self._turn[each[0]] + 1) / each[1]):
            lane = self.fleet.idle_lane(mode)
            if lane is not None:
                return lane
        return None

    def _submit(self, lane: Lane, size: int) -> None:
        if lane.mode == GUARD and size >= REPETITIONS:
            self._guarded += 1
            if self._guarded % _REPEATS_EVERY == 0:
                self._submit_repeated(lane)
                return
        batch = self.portfolio.explored(size)
        while len(batch) < size:
            last = len(batch) == size - 1
            program, hazards = self.generator.program(may_exit=last, must_exit=last and self._batches < _EXITS_FIRST, must_dear=last and self._batches in _DEAR_FIRST)
            batch += self.portfolio.scheduled(program, size - len(batch))
            self.hazards.update(set(hazards))
        self._batches += 1
        self._turn[lane.mode] += size
        self._sent[lane] = size
        lane.submit(batch)

    def _submit_repeated(self, lane: Lane) -> None:
        program, hazards = self.generator.program(may_exit=False, must_exit=False)
        self.hazards.update(set(hazards))
        self._turn[lane.mode] += REPETITIONS
        self._sent[lane] = REPETITIONS
        self._repeating.add(lane)
        lane.submit([program] * REPETITIONS)

    def _advance_ready(self, busy: list[Lane], seconds: float = 0.25) -> None:
        """Wait until a lane has something to say, and hear it; the others' watchdogs look at their children."""
        events = select.poll()  # and not select(): a descriptor may be 1024 or more
        for lane in busy:
            events.register(lane, select.POLLIN)
        ready = {descriptor for descriptor, _ in events.poll(seconds * 1000)}
        for lane in busy:
            self._advance(lane, readable=lane.fileno() in ready)

    def _advance(self, lane: Lane, *, readable: bool) -> None:
        try:
            batch = lane.advance(readable=readable)
        except WorkerError:
            self._sent.pop(lane, None)
            self.fleet.drop(lane)
            return
        if batch is None:
            return
        self._sent.pop(lane, None)
        repeated = lane in self._repeating
        self._repeating.discard(lane)
        self._take_in(lane, batch)
        if repeated:
            self._take_growth(lane, batch)
            return
        if batch.unrun and not lane.busy and not self._draining:
            self._sent[lane] = len(batch.unrun)
            lane.submit(batch.unrun)

    def _take_in(self, lane: Lane, batch: Batch) -> None:
        """Judge what ran, and put in line what is suspicious."""
        before = self.programs
        self.programs += len(batch.histories)
        for index, (program, history) in enumerate(zip(batch.programs, batch.histories, strict=False)):
            findings = self._judge(program, history)
            found = next((each for each in findings if not self._is_known(program, each)), None)
            self.portfolio.learn(program, history, suspicious=bool(findings))
            if found is not None:
                self.pursuer.suspect(pinned(program, history), found, lane.mode, before + index + 1, self.portfolio.total)

    def _take_growth(self, lane: Lane, batch: Batch) -> None:
        program = batch.programs[0]
        try:
            found = judge_repeated(lane, program, batch.histories, len(batch.programs))
        except WorkerError:
            self.fleet.drop(lane)
            return
        if found is not None and not self._is_known(program, found):
            self.pursuer.suspect(program, found, lane.mode, self.programs)

    def _drain(self, deadline: float | None, *, last: bool) -> None:
        """Wait for what still runs, and judge it, without beginning anything new; what a death left of a batch is run if it is not the `last` time."""
        while busy := self.fleet.busy():
            self._draining = last or self._over(deadline, None)
            self._advance_ready(busy)
        self._draining = False
        self._sent.clear()

    # --- finds ---------------------------------------------------------------------------------------------------

    def _judge(self, program: Program, history: History) -> list[Finding]:
        if (broken := setup_failure(history)) is not None:
            raise PlanError(f"{self.target.name}: setup failed: {broken}", remedy="correct the plan's setup(): it runs before every program, in a child")
        findings, timeline = examine(self.target, program, history)
        for ran in timeline.ran:
            if not ran.step.is_hazard:
                word = "+".join(sorted({state.word for state in ran.states})) or "none"
                self.coverage.setdefault(ran.step.do, Counter())[word] += 1
                if ran.step.out is not None and ran.over and word in ("live", "none"):
                    self.generator.learn(ran.step.do, gave=ran.step.out in timeline.lives and bool(timeline.lives[ran.step.out].type))
        self.unconfirmed += sum(not each.certain for each in findings)
        return [each for each in findings if each.certain]

    def _is_known(self, program: Program, finding: Finding) -> bool:
        """Whether this looks like a find already kept: then it is not minimised again (a few are, to be sure)."""
        place = trigger(self.target, program, finding)
        if self._is_found(finding, place):
            return True
        key = (finding.oracle, symptom(finding), place.partition("(")[0])
        return self._same_place[key] >= _SAME_PLACE and not self.generator.draw.chance(5)

    def _is_found(self, finding: Finding, place: str) -> bool:
        for oracle, sort, known in self.triggers:
            if oracle == finding.oracle and sort == symptom(finding) and any(covers(part, each) for part in known.split(" + ") for each in place.split(" + ")):
                return True
        return False

    def _is_pending(self, program: Program, finding: Finding) -> bool:
        place = trigger(self.target, program, finding)
        return any(each.finding.oracle == finding.oracle and symptom(each.finding) == symptom(finding) and each.place == place for each in self.pursuer.pending())

    def _pursue(self, deadline: float | None, seconds: float = 0.0) -> None:
        """Take in what the pursuer has come to, and give it what is most worth knowing next; on the spot, until nothing waits."""
        while True:
            result = self.pursuer.result(seconds)
            if result is not None:
                self._take(result)
            if self.pursuer.busy or self._enough or not self.pursuer.waiting or (deadline is not None and time.monotonic() > deadline):
                return
            classes = Counter(each.mad for each in self.found.values())
            self.pursuer.begin(classes, lambda each: self._is_found(each.finding, each.place))

    def _take(self, result: Result) -> None:
        """Keep what was confirmed, if it is new."""
        confirmed = result.confirmed
        if result.known:
            self._same_place[result.suspicion.key] += 1
            return
        if confirmed is None:
            self.unconfirmed += 1
            self._same_place[result.suspicion.key] += 1
            return
        name = signature(self.target, confirmed.program, confirmed.finding)
        if name in self.found:
            self._same_place[result.suspicion.key] += 1
            return
        self._keep(confirmed, name, result)

    def _keep(self, confirmed: Confirmed, name: str, result: Result) -> None:
        number = result.suspicion.number
        place = trigger(self.target, confirmed.program, confirmed.finding)
        self.triggers.add((confirmed.finding.oracle, symptom(confirmed.finding), place))
        self.generator.avoid(place)
        case = make_case(self.target, confirmed, number)
        known = self.corpus.of(self.target).get(name) if self.corpus is not None else None
        path = self.corpus.save(self.target, case) if self.corpus is not None else ""
        found = Found(
            target=self.target.name,
            mad=case.mad,
            verdict=case.verdict,
            signature=name,
            steps=confirmed.program.size(),
            threads=confirmed.program.threads(),
            case=str(path),
            reproduced=case.reproduced,
            programs_to_first=number,
            oracle=case.oracle,
            symptom=case.symptom,
            detail=case.detail,
            evidence=case.evidence,
            known=known is not None,
            schedules_to_first=result.suspicion.schedules,
            schedule=how_scheduled(confirmed.program, confirmed.control, confirmed.why),
        )
        self.found[name] = found
        self._enough = self._enough or self.enough(found)
        self.emit(FindingEvent(found, confirmed.program, result.trace, result.memory))

    # --- saying so -----------------------------------------------------------------------------------------------

    def _say_phase(self, phase: str, detail: str) -> None:
        self.emit(Phase(self.target.name, phase, detail))

    def say_progress(self, deadline: float | None) -> None:
        """Tell how far the target is."""
        seconds = max(time.monotonic() - self._began, 1e-6)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        self.emit(Progress(self.target.name, self.programs, self.programs / seconds, dict(self.hazards), len(self.found), self.unconfirmed, left))

    def done(self) -> TargetDone:
        """The last event of this target."""
        coverage = {name: dict(counts) for name, counts in self.coverage.items()}
        for name in self.target.operations:
            coverage.setdefault(name, {})
        return TargetDone(self.target.name, self.programs, time.monotonic() - self._began, dict(self.hazards), coverage, self.unconfirmed, len(self.pursuer.pending()), self._possible(), self.portfolio.policies(), dict(self.portfolio.why))

    def _possible(self) -> dict[str, list[str]]:
        """For each operation the states that its handle can be in; a type that refuses to be made without its constructor is none's fault."""
        words = {word for counts in self.coverage.values() for words in counts for word in words.split("+")}
        return {each.name: [state for state in possible_states(self.target, each) if state in words or state != "uninitialised"] for each in self.target.operations.values()}


