"""The schedules that a pair of steps is given: what one switch can show, both ways round, then two; random policies between.

A run without a forced switch, of either order, tells where each thread stops and who could go on there. Nearly every find needs one
switch, or two: away from a thread and back to it. They are tried in the order of what they promise: first, as the *opening*, where a
thread is about to take the GIL back or has just let go of a lock that both take; then elsewhere where the threads meet, then between
lines of Python, then the rest. Measured: docs/design.md.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, deque
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
_OPENING, _MEETING, _PYTHON, _ELSEWHERE = range(4)
_OPENING_ONES = 8  # of each order
_OPENING_TWOS = 4
_RANDOM = 24
_MOST_TWOS = 120
_MOST_ONES = 400
_LOOKS = 4
_RETRIES = 3  # of one switch that was made elsewhere
_MISSES = 2  # runs in a row that switched elsewhere, after which it is looked again
_ENOUGH = 3  # suspicions, after which a pair has shown what it has
_PATIENCE = 200  # turns without an answer, after which a run is taken for lost


class _Half:
    """One of the two orders: its program and, once it has run without a switch, where threads stopped."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first, self.second = (program.steps[at].thread for at in program.regions()[0])
        self.stops: list[Stop] | None = None
        self.shared: frozenset[int] = frozenset()
        self.tried: set[Switch] = set()
        self.tried_twos: set[tuple[Switch, Switch]] = set()
        self.asked = self.known = False
        self.looks = self.misses = 0

    def take(self, found: list[Stop]) -> None:
        """Where threads stopped, those where they meet marked by their rank. A look that came to no end tells nothing."""
        self.known = True
        self.looks += 1
        self.misses = 0
        if self.stops and not found:
            return
        threads: dict[int, set[int]] = {}
        for stop in found:
            threads.setdefault(stop.lock, set()).add(stop.thread)
        self.shared = frozenset(lock for lock, takers in threads.items() if lock and len(takers) > 1)
        self.stops = found
        self.tried.clear()
        self.tried_twos.clear()

    def shifted(self, program: Program, history: History) -> bool:
        """Whether a run switched elsewhere than where it was to: what a library does once per process shifts all that comes after."""
        found = stops(history)
        if not self.stops or program.schedule is None or program.schedule.policy != "replay" or not program.schedule.switches:
            return False
        if not found and scheduling(history).diverged is None:
            return False  # the default would have gone there, too
        first = program.schedule.switches[0].at
        expected = [(stop.decision, stop.thread, stop.sort, stop.lock) for stop in self.stops if stop.decision == first]
        return expected != [(stop.decision, stop.thread, stop.sort, stop.lock) for stop in found[:1]]

    def rank(self, stop: Stop) -> int:
        """How much a switch there promises; the least is best."""
        if stop.sort in _MEET or stop.lock in self.shared:
            return _OPENING if stop.sort == "attach" or (stop.sort == "release" and stop.lock) else _MEETING
        return _PYTHON if stop.sort == "marked" else _ELSEWHERE

    def windows(self) -> list[Stop]:
        """Where the thread that goes first has let go of a shared lock that it takes again: what it saw may be no longer true then."""
        mine = [stop for stop in self.stops or () if stop.thread == self.first and stop.lock in self.shared]
        return [stop for at, stop in enumerate(mine) if stop.sort == "release" and any(later.lock == stop.lock for later in mine[at + 1 :])]


class Exploration:
    """One program with two steps that meet."""

    def __init__(self, program: Program, seed: int, *, first_round: bool = False) -> None:
        self.first_round = first_round
        swapped = turned(program)
        self.alike = len({program.steps[at].do for region in program.regions() for at in region}) == 1
        self._halves = [_Half(program)] if swapped is None or swapped.steps == program.steps else [_Half(program), _Half(swapped)]
        self._draw = random.Random(seed)
        self._turns: Iterator[Program] | None = None
        self._again: deque[Program] = deque()
        self._given: dict[int, tuple[Program, int]] = {}
        self._retried: Counter[tuple[int, Schedule | None]] = Counter()
        self._others = 0
        """Programs given since the last one that is to be made again: it must not be a child's first."""
        self._vain = self._suspicions = 0
        self.over = False
        self.opening = True
        """Whether what promises most is still to be tried: it goes before all others then."""
        self.dull = False
        """Whether all switches where its threads meet were tried: others go first then."""

    @property
    def waits(self) -> bool:
        """Whether it has nothing to run before it knows where threads stop."""
        return self._turns is None and all(half.asked for half in self._halves) and not all(half.known for half in self._halves)

    def next(self) -> Program | None:
        """The next program to run; None while an answer is waited for, or when it is `over`."""
        if self.over:
            return None
        for half in self._halves:
            if not half.asked:
                half.asked = True
                return _with(half.program, Schedule())
        if self._turns is None:
            if not all(half.known for half in self._halves):
                self._vain += 1
                self.over = self._vain > _PATIENCE
                return None
            self._turns = self._all()
        program = None
        if not (self._again and self._others):
            program = next(self._turns, None)
            self._others += 1
        if program is None and self._again:
            program = self._again.popleft()
        self.over = program is None
        if program is not None and (of := self._half(program)) is not None:
            self._given[id(program)] = program, of.looks
        return program

    def _half(self, program: Program) -> _Half | None:
        return next((each for each in self._halves if each.program.steps == program.steps), None)

    def learn(self, program: Program, history: History, *, suspicious: bool) -> None:
        """Take in how one of its programs ran."""
        self._suspicions += suspicious
        if self._suspicions >= _ENOUGH or any(event[0] == SKIPPED for event in history.events):
            self.over = True
        half = self._half(program)
        _, look = self._given.pop(id(program), (None, half.looks if half is not None else 0))
        if half is None:
            return
        if program.schedule == Schedule():
            half.take(stops(history) if scheduling(history).control != "none" else [])
        elif half.known and half.looks == look and scheduling(history).control == "full":
            self._compare(half, program, history)

    def _compare(self, half: _Half, program: Program, history: History) -> None:
        """Try a switch again that was made elsewhere: a child's first run is often so. If that goes on, look again where threads stop."""
        if not half.shifted(program, history):
            half.misses = 0
            return
        half.misses += 1
        if half.misses < _MISSES or half.looks >= _LOOKS:
            which = (self._halves.index(half), program.schedule)
            self._retried[which] += 1
            if self._retried[which] <= _RETRIES:
                self._again.append(program)
                self._others = 0
            return
        half.asked = half.known = self.dull = False
        self._turns, self.opening = None, True
        self._again = deque(each for each in self._again if self._half(each) is not half)

    def _all(self) -> Iterator[Program]:
        """The opening, then turn by turn, each turn for both orders."""
        yield from self._openings()
        self.opening = False
        self.dull = not any(self._meeting(half) for half in self._halves)
        sources = {"1": [self._ones(half) for half in self._halves], "2": [self._twos(half, other) for half, other in self._orders()], "r": [self._random(half) for half in self._halves]}
        left = set(sources)
        for turn in itertools.cycle(PATTERN):
            if not left:
                return
            if turn in left:
                left.discard(turn)
                for source in sources[turn]:
                    if (program := next(source, None)) is not None:
                        left.add(turn)
                        yield program

    def _openings(self) -> Iterator[Program]:
        """The best switches of one order, then of the other; then pairs of them: out of a window, and out of the other's."""
        for half in self._halves:
            places = [switch for rank, _, switch in sorted(self._places(half)) if rank == _OPENING]
            for switch in places[:_OPENING_ONES]:
                half.tried.add(switch)
                yield _with(half.program, replaying([switch]))
        for half, other in self._orders():
            there = [stop for stop in half.windows() if half.second in _others(stop)]
            back = [stop for stop in other.stops or () if stop.thread == other.first and stop.decision >= 0 and stop.sort == "release" and stop.lock in other.shared]
            for first, second in self._drawn(there, back)[:_OPENING_TWOS]:
                yield from self._two(half, first, second)

    def _places(self, half: _Half) -> list[tuple[int, float, Switch]]:
        """Every switch that is left to try, with its rank and, to tell equals apart, a number that was drawn."""
        places = ((half.rank(stop), self._draw.random(), Switch(0, stop.decision, to)) for stop in half.stops or () for to in _others(stop))
        return [place for place in places if place[2] not in half.tried]

    def _meeting(self, half: _Half) -> int:
        return sum(rank <= _MEETING for rank, _, _ in self._places(half))

    def _ones(self, half: _Half) -> Iterator[Program]:
        meeting = self._meeting(half)
        for number, (_, _, switch) in enumerate(sorted(self._places(half))[:_MOST_ONES]):
            self.dull = number >= meeting
            half.tried.add(switch)
            yield _with(half.program, replaying([switch]))

    def _twos(self, half: _Half, other: _Half) -> Iterator[Program]:
        """Away from the thread that goes first where threads meet, and back where the other one, which then begins, meets it."""
        there = [stop for stop in half.stops or () if half.rank(stop) <= _MEETING and stop.thread == half.first and half.second in _others(stop)]
        back = [stop for stop in other.stops or () if other.rank(stop) <= _MEETING and stop.thread == other.first and stop.decision >= 0]
        for first, second in self._drawn(there, back)[:_MOST_TWOS]:
            yield from self._two(half, first, second)

    def _orders(self) -> Iterator[tuple[_Half, _Half]]:
        """Each order, and the other one; itself where there is but one."""
        return zip(self._halves, reversed(self._halves), strict=True)

    def _drawn(self, there: list[Stop], back: list[Stop]) -> list[tuple[Stop, Stop]]:
        pairs = list(itertools.product(there, back))
        self._draw.shuffle(pairs)
        return pairs

    @staticmethod
    def _two(half: _Half, first: Stop, second: Stop) -> Iterator[Program]:
        """Away at the first and back at the second, unless that was tried."""
        switches = Switch(0, first.decision, half.second), Switch(0, first.decision + 1 + second.decision, half.first)
        if switches not in half.tried_twos:
            half.tried_twos.add(switches)
            yield _with(half.program, replaying(switches))

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
