"""The schedules that a pair of steps is given: what one switch can show, both ways round, then two; random policies between.

A run without a forced switch, of either order, tells where each thread stops and who could go on there. Nearly every find needs one
switch, or two: away from a thread and back to it. They are tried in the order of what they promise: first where the threads
meet (the GIL, locks that both take), then between lines of Python, then the rest. Measured: docs/design.md.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

from deadhand.model.history import SKIPPED, scheduling, stops
from deadhand.model.program import Program, replace
from deadhand.model.schedule import Schedule, Switch, replaying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deadhand.model.history import History, Stop

PATTERN = "112r"
"""Turns: one forced switch, two, a random policy. What has run out is left out."""

POLICIES = ("surw", "pos", "surw", "walk", "pct-3", "surw", "pos", "pct-2")
_THREE = ("pct-1", "pct-1", *POLICIES)  # with a thread of the library's own: who goes first has more than two answers
_MEET = ("attach", "detach")
_RANDOM = 24
_MOST_TWOS = 120
_MOST_ONES = 400
_LOOKS = 2
_LOOK_AGAIN = 5
_ENOUGH = 3  # suspicions, after which a pair has shown what it has
_PATIENCE = 400  # turns without an answer, after which a run is taken for lost


class _Half:
    """One of the two orders: its program and, once it has run without a switch, where threads stopped."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first, self.second = (program.steps[at].thread for at in program.regions()[0])
        self.stops: list[Stop] | None = None
        self.asked = False

    def take(self, found: list[Stop]) -> None:
        """Where threads stopped, those where they meet marked by their rank."""
        threads: dict[int, set[int]] = {}
        for stop in found:
            threads.setdefault(stop.lock, set()).add(stop.thread)
        self.shared = frozenset(lock for lock, takers in threads.items() if lock and len(takers) > 1)
        self.stops = found

    def rank(self, stop: Stop) -> int:
        """0 where threads meet, 1 in Python code, 2 elsewhere."""
        if stop.sort in _MEET or stop.lock in self.shared:
            return 0
        return 1 if stop.sort == "marked" else 2


class Exploration:
    """One program with two steps that meet."""

    def __init__(self, program: Program, seed: int, *, first_round: bool = False) -> None:
        self.first_round = first_round
        swapped = turned(program)
        self.alike = len({program.steps[at].do for region in program.regions() for at in region}) == 1
        self._halves = [_Half(program)] if swapped is None or swapped.steps == program.steps else [_Half(program), _Half(swapped)]
        self._draw = random.Random(seed)
        self._turns: Iterator[Program] | None = None
        self._vain = self._suspicions = 0
        self.over = False
        self.dull = False
        """Whether all switches where its threads meet were tried: others go first then."""

    def next(self) -> Program | None:
        """The next program to run; None while an answer is waited for, or when it is `over`."""
        if self.over:
            return None
        for half in self._halves:
            if not half.asked:
                half.asked = True
                return _with(half.program, Schedule())
        if self._turns is None:
            if any(half.stops is None for half in self._halves):
                self._vain += 1
                self.over = self._vain > _PATIENCE
                return None
            self._turns = self._all()
        program = next(self._turns, None)
        self.over = program is None
        return program

    def learn(self, program: Program, history: History, *, suspicious: bool) -> None:
        """Take in how one of its programs ran."""
        self._suspicions += suspicious
        if self._suspicions >= _ENOUGH or any(event[0] == SKIPPED for event in history.events):
            self.over = True
        half = next((each for each in self._halves if each.program.steps == program.steps), None)
        if half is not None and program.schedule == Schedule():
            half.take(stops(history) if scheduling(history).control != "none" else [])

    def _all(self) -> Iterator[Program]:
        """Turn by turn, each turn for both orders."""
        sources = {"1": [self._ones(half) for half in self._halves], "2": [self._twos(half) for half in self._halves], "r": [self._random(half) for half in self._halves]}
        left = set(sources)
        for turn in itertools.cycle(PATTERN):
            if not left:
                return
            if turn in left:
                found = [program for source in sources[turn] if (program := next(source, None)) is not None]
                if not found:
                    left.discard(turn)
                yield from found

    def _ones(self, half: _Half) -> Iterator[Program]:
        tried: set[Switch] = set()
        for _ in range(_LOOKS):
            places = [(half.rank(stop), self._draw.random(), Switch(0, stop.decision, to)) for stop in half.stops or () for to in _others(stop)]
            fresh = [switch for _, _, switch in sorted(places) if switch not in tried]
            meeting = sum(1 for rank, _, switch in places if not rank and switch not in tried)
            for number, switch in enumerate(fresh[:_MOST_ONES]):
                self.dull = number >= meeting
                tried.add(switch)
                yield _with(half.program, replaying([switch]))
                if number == _LOOK_AGAIN:  # what a library does once per process shifts the places
                    yield _with(half.program, Schedule())

    def _twos(self, half: _Half) -> Iterator[Program]:
        """Away from the thread that goes first where threads meet, and back where the other one, which then begins, meets it."""
        other = self._halves[-1] if half is self._halves[0] else self._halves[0]
        there = [stop for stop in half.stops or () if not half.rank(stop) and stop.thread == half.first and half.second in _others(stop)]
        back = [stop for stop in other.stops or () if not other.rank(stop) and stop.thread == other.first and stop.decision >= 0]
        pairs = list(itertools.product(there, back))
        self._draw.shuffle(pairs)
        for first, second in pairs[:_MOST_TWOS]:
            yield _with(half.program, replaying([Switch(0, first.decision, half.second), Switch(0, first.decision + 1 + second.decision, half.first)]))

    def _random(self, half: _Half) -> Iterator[Program]:
        seen = half.stops or ()
        length = max((stop.decision for stop in seen), default=22) + 2
        policies = itertools.cycle(_THREE if any(stop.thread not in (half.first, half.second) for stop in seen) else POLICIES)
        for policy in itertools.islice(policies, _RANDOM):
            name, _, depth = policy.partition("-")
            yield _with(half.program, Schedule(policy=name, seed=self._draw.randrange(2**32), depth=int(depth or 0), length=length))


def turned(program: Program) -> Program | None:
    """With the two steps of its only pair in the other order: who goes first by default is one switch less to force."""
    regions = program.regions()
    if len(regions) != 1 or len(regions[0]) != 2:
        return None
    at = regions[0].start
    first, second = program.steps[at], program.steps[at + 1]
    steps = (replace(second, thread=first.thread, overlap=False), replace(first, thread=second.thread, overlap=True))
    changed: Program = replace(program, steps=(*program.steps[:at], *steps, *program.steps[at + 2 :]))
    return changed


def _others(stop: Stop) -> Iterator[int]:
    """The threads that a switch could go to there."""
    return (thread for thread in range(stop.able.bit_length()) if stop.able >> thread & 1 and thread != stop.thread) if stop.decision >= 0 else iter(())


def _with(program: Program, schedule: Schedule) -> Program:
    changed: Program = replace(program, schedule=schedule)
    return changed
