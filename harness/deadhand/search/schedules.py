"""Which schedules a program with overlapping steps is given: policies in turn, and what each was worth."""

from __future__ import annotations

import itertools
import random
import zlib
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from deadhand.model.history import scheduling
from deadhand.model.program import replace
from deadhand.model.schedule import Schedule, replaying
from deadhand.search.exploration import Exploration, turned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.search.pairs import Pairs

_TURNS = ("pct-2", "pct-3", "surw", "pos", "pct-2", "free", "pct-3", "surw", "walk", "pct-2", "pos", "pct-1")
"""Measured on the specimens whose windows have no width: low-depth PCT finds most of them soonest; what needs two switches, SURW and POS."""

_EXPLORED_SHARE = 4  # one run in so many, at most, is an exploration's
_FIRST_SHARE = 2  # as long as pairs have their first turn
_ALIKE = 2  # turns of which a pair of one operation with itself is given one: two that differ seldom stop each other by design
_FIRST_COUNT = 2  # schedules of a random program as long
_DULL = 4  # turns of which one that has no place left where threads meet is given one
_SIDE_BY_SIDE = 12  # explorations that take turns
_CONTROL = {"full": "fully controlled", "partial": "partly controlled", "none": "not controlled"}
_LENGTH = 24  # decisions expected of a group that was never seen


class Tally(msgspec.Struct):
    """What one policy did: schedules run, suspicions, and how many were fully controlled."""

    schedules: int = 0
    suspicions: int = 0
    full: int = 0


class Portfolio:
    """Gives programs their schedules, and learns how long each sort of overlap group is.

    Beside the programs that come by, each with a few schedules by the policies in turn, it runs programs of its own: `pairs`, each explored
    schedule by schedule. A pair that a random program meets in other circumstances is explored once as well.
    """

    def __init__(self, mode: str, number: int, count: int, pairs: Pairs | None = None) -> None:
        self.mode = mode
        self.count = count
        self.tally: dict[str, Tally] = {}
        self.why: dict[str, int] = {}
        self._draw = random.Random(f"schedules {number}")
        turns = _TURNS if mode != "controlled" else tuple(each for each in _TURNS if each != "free")
        self._turns = itertools.cycle(turns)
        self._lengths: dict[str, int] = {}
        self._explored: set[str] = set()
        self._pairs = pairs if mode in ("mixed", "controlled") else None
        self._left = len(pairs.pairs) if pairs is not None else 0
        self._waiting: deque[Exploration] = deque()
        self._opened: deque[Exploration] = deque()
        self._active: deque[Exploration] = deque()
        self._asked: dict[int, tuple[Program, Exploration]] = {}

    def explored(self, size: int) -> list[Program]:
        """What a batch of `size` takes from the explorations under way."""
        found: list[Program] = []
        wanted = size // (_FIRST_SHARE if self._first_round() else _EXPLORED_SHARE)
        vain = 0
        while len(found) < wanted and vain <= len(self._active):
            while len(self._active) < _SIDE_BY_SIDE and (another := self._another()) is not None:
                self._active.append(another)
            if not self._active:
                break
            exploration = self._active.popleft()
            if self._others_first(exploration):
                self._active.append(exploration)
                continue
            program = exploration.next()
            if not exploration.over:
                (self._active if exploration.opening or not self._left else self._opened).append(exploration)
            if program is None:
                vain += 1
                continue
            vain = 0
            self._asked[id(program)] = program, exploration
            found.append(program)
        return self._looked_again(sorted(found, key=_looks), size - 1)

    def _looked_again(self, found: list[Program], most: int) -> list[Program]:
        """With what a child runs first once more at the end, where it looks: what a library does once per process shifts where its threads stop."""
        warm: set[str] = set()
        again: list[Program] = []
        for program in found:
            operations = {program.steps[at].do for region in program.regions() for at in region}
            if _looks(program) and not operations <= warm and len(found) + len(again) < most:
                again.append(replace(program))
                self._asked[id(again[-1])] = again[-1], self._asked[id(program)][1]
            warm |= operations
        return found + again

    def _others_first(self, exploration: Exploration) -> bool:
        """Whether it leaves its turn to one that promises more."""
        if not exploration.opening and any(each.opening and not each.waits for each in self._active):
            return True
        if exploration.dull:
            return not all(each.dull for each in self._active) and bool(self._draw.randrange(_DULL))
        return exploration.alike and not all(each.alike for each in self._active) and bool(self._draw.randrange(_ALIKE))

    def _first_round(self) -> bool:
        return bool(self._left) or any(each.first_round for each in (*self._active, *self._opened))

    def _another(self) -> Exploration | None:
        """A pair's opening, then those that were opened, then what random programs met, then a pair's next turn."""
        if (reopened := next((each for each in self._opened if each.opening), None)) is not None:
            self._opened.remove(reopened)
            return reopened
        if not self._left and any(each.first_round and each.opening for each in self._active):
            return None
        if not self._left and (waiting := self._opened or self._waiting):
            return waiting.popleft()
        program = self._pairs.next() if self._pairs is not None and self._pairs.pairs else None
        exploration = Exploration(program, self._draw.randrange(2**32), first_round=bool(self._left)) if program is not None else None
        self._left = max(self._left - 1, 0)
        return exploration

    def scheduled(self, program: Program, most: int) -> list[Program]:
        """The program as often as it shall run, at most `most` times; once, as it is, when nothing in it overlaps."""
        if self.mode == "free" or not program.regions():
            return [program]
        if self.mode == "serial":
            return [replace(program, schedule=Schedule(mode="serial"))]
        length = self._length(program)
        times = 1 if program.ending == "exit" else min(self.count, most, _FIRST_COUNT if self._first_round() else most)
        return [self._with(program, next(self._turns), self._draw.randrange(2**32), length) for _ in range(times)]

    def only(self, program: Program) -> Program:
        """The program with one schedule that depends on nothing but the program, for a search that wants the same answer each time."""
        if self.mode == "free" or not program.regions():
            return program
        if self.mode == "serial":
            return replace(program, schedule=Schedule(mode="serial"))  # type: ignore[no-any-return]
        return self._with(program, "pct-2", zlib.crc32(program.encode()), _LENGTH)

    def learn(self, program: Program, history: History, *, suspicious: bool) -> None:
        """Take in how a program with overlapping steps ran."""
        regions = program.regions()
        if not regions:
            return
        tally = self.tally.setdefault(label(program.schedule), Tally())
        tally.schedules += 1
        tally.suspicions += suspicious
        _, exploration = self._asked.pop(id(program), (None, None))
        if exploration is not None:
            exploration.learn(program, history, suspicious=suspicious)
        if program.schedule is None or program.schedule.mode != "controlled":
            return
        told = scheduling(history)
        tally.full += told.control == "full"
        for why in told.why:
            self.why[why] = self.why.get(why, 0) + 1
        for region, decisions in zip(regions, told.decisions, strict=False):
            key = _sort(program, region)
            self._lengths[key] = max(self._lengths.get(key, 0), decisions + 1)
        if exploration is None and told.control == "full" and not suspicious and program.ending != "exit" and turned(program) is not None:
            key = _sort(program, regions[0])
            if key not in self._explored:
                self._explored.add(key)
                self._waiting.append(Exploration(program, self._draw.randrange(2**32)))

    @property
    def total(self) -> int:
        """How many schedules of programs with overlapping steps have run."""
        return sum(each.schedules for each in self.tally.values())

    def policies(self) -> dict[str, tuple[int, int]]:
        """For each policy (schedules run, suspicions)."""
        return {name: (each.schedules, each.suspicions) for name, each in sorted(self.tally.items())}

    def _length(self, program: Program) -> int:
        return max(self._lengths.get(_sort(program, region), _LENGTH) for region in program.regions())

    def _with(self, program: Program, policy: str, seed: int, length: int) -> Program:
        changed: Program = replace(program, schedule=schedule(policy, seed, length))
        return changed


def _looks(program: Program) -> bool:
    """Whether it is run to see where its threads stop."""
    return program.schedule == Schedule()


def schedule(policy: str, seed: int, length: int) -> Schedule | None:
    """The schedule of a policy by its label: "pct-2" is PCT of depth 2, "free" is none at all."""
    if policy == "free":
        return None
    name, _, depth = policy.partition("-")
    return Schedule(policy=name, seed=seed, depth=int(depth or 0), length=length)


def label(schedule: Schedule | None) -> str:
    """What a schedule's policy is called in a report."""
    if schedule is None or schedule.mode != "controlled":
        return "free" if schedule is None else schedule.mode
    if schedule.policy in ("default", "replay"):
        return "sweep"
    return f"{schedule.policy}-{schedule.depth}" if schedule.policy == "pct" else schedule.policy


def how_scheduled(program: Program, control: str, why: Sequence[str]) -> str:
    """One line on how a find's overlapping steps ran; empty where none overlap."""
    if not program.regions():
        return ""
    if program.schedule is None:
        return "free-running threads: no schedule was forced"
    if program.schedule.mode != "controlled":
        return "one step after another"
    number = len(program.schedule.switches)
    forced = "no forced switch" if not number else "1 forced switch" if number == 1 else f"{number} forced switches"
    return f"{_CONTROL.get(control, 'controlled')}, {forced}" + "".join(f"; {each}" for each in why)


def pinned(program: Program, history: History) -> Program:
    """The program with the switches that its run made, in place of the policy that chose them."""
    if program.schedule is None or program.schedule.mode != "controlled":
        return program
    changed: Program = replace(program, schedule=replaying(scheduling(history).switches))
    return changed


def _sort(program: Program, region: range) -> str:
    return "+".join(program.steps[at].do for at in region)
