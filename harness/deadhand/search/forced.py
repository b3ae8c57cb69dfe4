"""Minimising under control: fewest steps, then fewest forced switches.

A find of a controlled run is pinned to the switches that it made. What must happen is often one switch at the right place,
so all single ones are tried, and pairs where there are few enough: that is quick (many schedules in one child), and exact.
A candidate with fewer steps is tried with the switches that it has, then with single ones, then with random policies.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from deadhand.model.history import scheduling
from deadhand.model.program import Program, replace
from deadhand.model.schedule import Switch, renumbered, replaying
from deadhand.oracles import judge
from deadhand.search.exploration import turned
from deadhand.search.minimise import slice_of
from deadhand.search.schedules import pinned, schedule
from deadhand.search.trial import Trial, alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deadhand.model.history import History
    from deadhand.model.verdict import Finding
    from deadhand.worker.controller import Lane

_BATCH = 40
_MOST_SINGLES = 120  # single switches tried for one candidate
_MOST_PAIRS = 1000
_LATER = 8  # decisions by which what shows in a warm child alone is moved
_MOVES = 3  # times that this is tried, of the schedules of one candidate that show it in a warm child
_RANDOM = 24  # schedules by random policies for one candidate
_POLICIES = ("pct-2", "surw", "pct-3", "pos")


def is_controlled(program: Program) -> bool:
    """Whether overlapping steps of the program run under control."""
    return program.schedule is not None and program.schedule.mode == "controlled" and bool(program.regions())


class ForcedTrial(Trial):
    """Tries candidates; `best` is the last one that showed it, with the schedule that does."""

    def __init__(self, lane: Lane, program: Program, finding: Finding) -> None:
        super().__init__(lane, program, finding)
        self.best = program

    def shows(self, candidate: Program) -> Finding | None:
        """The finding that `candidate` shows under some schedule; `best` is then the candidate with that schedule."""
        found = self.shows_as_it_is(candidate)
        if found is not None or not candidate.regions():
            return found
        return self._any(itertools.chain(self._singles(candidate), self._random(candidate)))

    def shows_as_it_is(self, candidate: Program) -> Finding | None:
        """The finding that `candidate` shows with the switches that `best` has: one run, where all that can be tried are hundreds."""
        if not candidate.regions():
            return self._take(replace(candidate, schedule=None))
        return self._take(replace(candidate, schedule=replaying(carried(self.best, candidate))))

    def fewest(self) -> None:
        """Make the switches of `best` as few as can be found: none, one, two, or what is left when single ones are taken away."""
        program = self.best
        if self._take(_forcing(program, ())) is not None or self._any(self._singles(program)) is not None:
            return
        self._fewer()
        assert self.best.schedule is not None
        if len(self.best.schedule.switches) > 2:
            self._any(itertools.chain.from_iterable(self._pairs(each) for each in (program, turned(program)) if each is not None))

    def pair(self) -> bool:
        """Guess: two of the steps that met, with what makes their handles, and one switch. Whether that shows it; it is then the `best`."""
        program = self.program
        numbers = [number for number, _, inside in program.walk() if not inside]
        for region in program.regions():
            if self.finding.step and not any(numbers[at] == self.finding.step for at in region):
                continue
            for first, second in itertools.permutations([program.steps[at] for at in region], 2):
                made = slice_of(program, region.start, (first, second))
                steps = (*made, replace(first, thread=0, overlap=False), replace(second, thread=1, overlap=True))
                candidate = Program(steps, program.ending)
                if len(steps) < len(program.steps) and self._any(self._singles(candidate, firsts=False)) is not None:
                    return True
        return False

    def _fewer(self) -> None:
        """Without runs of switches: halves first, single ones last."""
        assert self.best.schedule is not None
        size = max(len(self.best.schedule.switches) // 2, 1)
        while size:
            start = 0
            while start < len(self.best.schedule.switches):
                switches = self.best.schedule.switches
                if self._take(_forcing(self.best, switches[:start] + switches[start + size :])) is None:
                    start += size
            size //= 2

    def _take(self, candidate: Program) -> Finding | None:
        """Alone in a fresh child; kept as the best if it shows it."""
        found = super().shows(candidate)
        if found is not None:
            self.best = candidate
        return found

    def _any(self, candidates: Iterable[Program]) -> Finding | None:
        """The first of many schedules that shows it, in a warm child and then alone."""
        source = iter(candidates)
        waiting: list[Program] = []
        moves = _MOVES
        while waiting := [*waiting, *itertools.islice(source, _BATCH - len(waiting))]:
            batch = self.lane.run(waiting)
            for program, history in zip(batch.programs, batch.histories, strict=False):
                self._check_setup(history)
                if any(alike(each, self.finding, program, self.program) for each in judge(self.lane.target, program, history)):
                    found = self._take(pinned(program, history))
                    if found is None and moves:
                        moves -= 1
                        found = next((found for each in later(pinned(program, history)) if (found := self._take(each)) is not None), None)
                    if found is not None:
                        return found
            waiting = waiting[len(batch.histories) :]
        return None

    def _places(self, program: Program, before: tuple[Switch, ...] = ()) -> list[Switch]:
        """Every switch that can be forced after those `before`, as far as a run with no others tells."""
        told = scheduling(self.lane.run_one(_forcing(program, before)))
        threads = [sorted({program.steps[at].thread for at in region}) for region in program.regions()]
        return [
            Switch(region, at, to)
            for region, decisions in enumerate(told.decisions)
            for at in range(decisions + 1)
            for to in threads[region]
            if all((each.region, each.at) != (region, at) for each in before)
        ]

    def _singles(self, program: Program, *, firsts: bool = True) -> Iterator[Program]:
        """One switch; then one after another thread went first, for what runs then can be much longer. Never to the thread that runs anyway."""
        regions = [sorted({program.steps[at].thread for at in region}) for region in program.regions()]
        for place in itertools.islice(self._places(program), _MOST_SINGLES):
            if place.to != regions[place.region][0]:
                yield _forcing(program, (place,))
        for first in self._firsts(program) if firsts else ():
            for place in itertools.islice(self._places(program, (first,)), _MOST_SINGLES):
                if place.to != first.to or place.region != first.region:
                    yield _forcing(program, (first, place))

    def _firsts(self, program: Program) -> list[Switch]:
        regions = [sorted({program.steps[at].thread for at in region}) for region in program.regions()]
        return [Switch(number, 0, thread) for number, threads in enumerate(regions) for thread in threads[1:]]

    def _pairs(self, program: Program) -> Iterator[Program]:
        """A switch away from the thread that runs first, and a later one back; what the first one sets off can be as long again."""
        there = [place for place in self._places(program) if place.to != min(program.steps[at].thread for at in program.regions()[place.region])]
        last = 2 * max((place.at for place in there), default=0)
        pairs = (
            (place, Switch(place.region, at, to))
            for place in there
            for at in range(place.at + 1, last + 1)
            for to in sorted({program.steps[each].thread for each in program.regions()[place.region]} - {place.to})
        )
        return (_forcing(program, pair) for pair in itertools.islice(pairs, _MOST_PAIRS))

    def _random(self, program: Program) -> Iterator[Program]:
        places = self._places(program)
        length = max((place.at for place in places), default=0) + 2
        for seed in range(_RANDOM):
            yield replace(program, schedule=schedule(_POLICIES[seed % len(_POLICIES)], seed, length))


def carried(old: Program, new: Program) -> tuple[Switch, ...]:
    """The switches of `old` for a program with fewer steps: those of the groups that are still there, matched in order."""
    if old.schedule is None:
        return ()
    before, after = old.regions(), new.regions()
    numbers: dict[int, int] = {}
    at = 0
    for number, region in enumerate(before):
        steps = [old.steps[each].do for each in region]
        match = next((each for each in range(at, len(after)) if [new.steps[place].do for place in after[each]] == steps), None)
        if match is not None:
            numbers[number], at = match, match + 1
    return renumbered(old.schedule.switches, numbers if len(before) != len(after) else {number: number for number in range(len(before))})


def self_check(lane: Lane, program: Program) -> tuple[str, tuple[str, ...]]:
    """How far the program's schedule is controlled, and why not fully: it runs twice, and the traces must be the same."""
    first, second = lane.run_one(program), lane.run_one(program)
    told = scheduling(first)
    if fingerprint(first) != fingerprint(second):
        return "partial", (*told.why, "two runs of this schedule did not take the same course")
    return told.control or "full", told.why


def fingerprint(history: History) -> tuple[object, ...]:
    """What two runs of one schedule must agree in: every switch, every trace, and how it ended. A region that a death cut short has no trace of its own."""
    told = scheduling(history)
    death = (history.death.kind, history.death.name) if history.death is not None else None
    return told.switches, told.hashes, told.decisions, death, tuple(history.open_steps())


def later(program: Program) -> Iterator[Program]:
    """With all switches but that at the start some decisions later: alone in a fresh child a library first does what it does once per process."""
    switches = program.schedule.switches if program.schedule is not None else ()
    for number in range(1, _LATER + 1) if any(each.at for each in switches) else ():
        yield _forcing(program, [Switch(each.region, each.at + number if each.at else 0, each.to) for each in switches])


def _forcing(program: Program, switches: Iterable[Switch]) -> Program:
    changed: Program = replace(program, schedule=replaying(switches))
    return changed
