"""Which schedules a program with overlapping steps is given: policies in turn, and what each was worth."""

from __future__ import annotations

import itertools
import random
import zlib
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from deadhand.model.history import RETURNED, scheduling
from deadhand.model.program import replace
from deadhand.model.schedule import Schedule, Switch, replaying

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deadhand.model.history import History
    from deadhand.model.program import Program

_TURNS = ("pct-2", "pct-3", "surw", "pos", "pct-2", "free", "pct-3", "surw", "walk", "pct-2", "pos", "pct-1")
"""Measured on the specimens whose windows have no width: low-depth PCT finds most of them soonest; what needs two switches, SURW and POS."""

_SWEEP_SHARE = 4  # one run in so many, at most, is a sweep's
_CONTROL = {"full": "fully controlled", "partial": "partly controlled", "none": "not controlled"}
_PAIR = 2
_LONGEST_SWEEP = 200  # decisions; a longer group is left to the random policies
_LONGEST_DEEP = 30
_LENGTH = 24  # decisions expected of a group that was never seen


class Tally(msgspec.Struct):
    """What one policy did: schedules run, suspicions, and how many were fully controlled."""

    schedules: int = 0
    suspicions: int = 0
    full: int = 0


class Portfolio:
    """Gives programs their schedules, and learns how long each sort of overlap group is.

    Of each pair of operations that met and came back, one program is swept: each decision in turn is the only one at which the second
    thread is let go first; then, for short ones, each with each later one at which the first thread goes on. That is complete for what
    one switch shows, or two, where random policies come back to the same places.
    """

    def __init__(self, mode: str, number: int, count: int) -> None:
        self.mode = mode
        self.count = count
        self.tally: dict[str, Tally] = {}
        self.why: dict[str, int] = {}
        self._draw = random.Random(f"schedules {number}")
        turns = _TURNS if mode != "controlled" else tuple(each for each in _TURNS if each != "free")
        self._turns = itertools.cycle(turns)
        self._lengths: dict[str, int] = {}
        self._probed: set[str] = set()
        self._swept: set[str] = set()
        self._sweeps: deque[Iterator[Program]] = deque()
        self._deep: deque[Iterator[Program]] = deque()

    def swept(self, size: int) -> list[Program]:
        """What a batch of `size` takes from the sweeps that wait."""
        found: list[Program] = []
        while len(found) < size // _SWEEP_SHARE and (line := self._sweeps or self._deep):
            program = next(line[0], None)
            if program is None:
                line.popleft()
            else:
                found.append(program)
        return found

    def scheduled(self, program: Program, most: int) -> list[Program]:
        """The program as often as it shall run, at most `most` times; once, as it is, when nothing in it overlaps."""
        if self.mode == "free" or not program.regions():
            return [program]
        if self.mode == "serial":
            return [replace(program, schedule=Schedule(mode="serial"))]
        length = self._length(program)
        times = 1 if program.ending == "exit" else min(self.count, most)
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
        if program.schedule is None or program.schedule.mode != "controlled":
            return
        told = scheduling(history)
        tally.full += told.control == "full"
        for why in told.why:
            self.why[why] = self.why.get(why, 0) + 1
        for region, decisions in zip(regions, told.decisions, strict=False):
            key = _sort(program, region)
            self._lengths[key] = max(self._lengths.get(key, 0), decisions + 1)
        if told.control == "full" and len(regions) == 1 == len(told.decisions):
            self._plan_sweep(program, history, regions[0], told.decisions[0])

    def _plan_sweep(self, program: Program, history: History, region: range, decisions: int) -> None:
        key = _sort(program, region)
        if len(region) != _PAIR or key in self._swept or program.ending == "exit":
            return
        numbers = [number for number, _, inside in program.walk() if not inside]
        came_back = {event[1] for event in history.events if event[0] == RETURNED}
        if not history.complete or not {numbers[at] for at in region} <= came_back:
            return
        assert program.schedule is not None
        if program.schedule.policy != "default":  # how many decisions there are to sweep, only a run without switches tells
            if key not in self._probed:
                self._probed.add(key)
                self._sweeps.append(iter((replace(program, schedule=Schedule()),)))
            return
        self._swept.add(key)
        first, second = (program.steps[at].thread for at in region)
        there = [Switch(0, at, second) for at in range(decisions)]
        back = [Switch(0, at, first) for at in range(2 * decisions)]  # what the first switch sets off can be as long again
        if decisions <= _LONGEST_SWEEP:
            self._sweeps.append(replace(program, schedule=replaying([each])) for each in there)
        if decisions <= _LONGEST_DEEP:
            self._deep.append(replace(program, schedule=replaying([each, later])) for each in there for later in back[each.at + 1 :])

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
