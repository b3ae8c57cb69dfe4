"""Confirms and minimises suspicions, on the spot or in a thread of its own, so that the hunt goes on meanwhile.

One shallow bug can be most of a target's crashes, and minimising one takes as long as a thousand programs: suspicions wait
in line, and those of a class not seen yet go first.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import msgspec

from deadhand.errors import WorkerError
from deadhand.search.confirm import Confirmed, confirm, explain, sharper, trace
from deadhand.search.signature import symptom, trigger
from deadhand.worker.evidence import GUARD

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from deadhand.model.program import Program
    from deadhand.model.verdict import Finding
    from deadhand.search.fleet import Fleet
    from deadhand.settings import Settings
    from deadhand.target.describe import Description

_EXPLAINED = ("death", "memory", "observation")
_EXPLAIN_TRIES = 5
_MOST_ALIKE = 3  # suspicions of one symptom in one operation that may wait at the same time


@dataclass(frozen=True, eq=False)
class Suspicion:
    """What a program seems to show in a warm child of `mode`, as the `number`-th program of the hunt, after `schedules` of programs with overlapping steps."""

    program: Program
    finding: Finding
    mode: str
    number: int
    place: str
    schedules: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """Oracle, symptom and operation."""
        return self.finding.oracle, symptom(self.finding), self.place.partition("(")[0]


@dataclass(frozen=True)
class Result:
    """What became of a suspicion: None when it never repeated. `trace` is what to show of the death, `memory` what the page guard says.

    `known`: looked at more closely, it is a find already kept.
    """

    suspicion: Suspicion
    confirmed: Confirmed | None
    trace: list[str]
    memory: list[str] = field(default_factory=list)
    known: bool = False


class Pursuer:
    """Takes suspicions and gives results. With `aside`, works in a thread; `fleet` is then its alone."""

    def __init__(self, target: Description, fleet: Fleet, settings: Settings, say: Callable[[str, str], None], *, aside: bool) -> None:
        self.target = target
        self.fleet = fleet
        self.settings = settings
        self.say = say
        self.aside = aside
        self.waiting: list[Suspicion] = []
        self.at_work: Suspicion | None = None
        self._is_known: Callable[[Suspicion], bool] = lambda _: False
        self._thread: threading.Thread | None = None
        self._done: SimpleQueue[Result | BaseException] = SimpleQueue()
        self._said: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def suspect(self, program: Program, finding: Finding, mode: str, number: int, schedules: int = 0) -> None:
        """Put a suspicion in line, unless enough of its like wait there."""
        new = Suspicion(program, finding, mode, number, trigger(self.target, program, finding), schedules)
        if sum(each.key == new.key for each in self.pending()) < _MOST_ALIKE:
            self.waiting.append(new)

    def pending(self) -> list[Suspicion]:
        """Those in line and the one under way."""
        return [*self.waiting, *([self.at_work] if self.at_work is not None else [])]

    @property
    def busy(self) -> bool:
        """Whether a suspicion is under way in the thread."""
        return self.at_work is not None

    def begin(self, classes: Counter[str], is_known: Callable[[Suspicion], bool]) -> None:
        """Take up the next one that is not known by now: a class with the fewest finds first, then the oldest."""
        if self.busy:
            return
        self._is_known = is_known
        self.waiting.sort(key=lambda each: (classes[each.finding.mad], each.number))
        while self.waiting:
            suspicion = self.waiting.pop(0)
            if is_known(suspicion):
                continue
            self.at_work = suspicion
            if self.aside:
                self._thread = threading.Thread(target=self._work, args=(suspicion,), name="deadhand-pursuer", daemon=True)
                self._thread.start()
            else:
                self._work(suspicion)
            return

    def result(self, seconds: float = 0.0) -> Result | None:
        """The result of the one under way, when there is one within `seconds`; says what it has come to meanwhile."""
        try:
            got = self._done.get(timeout=seconds) if seconds else self._done.get_nowait()
        except Empty:
            got = None
        with contextlib.suppress(Empty):
            while True:
                self.say(*self._said.get_nowait())
        if got is None:
            return None
        self.at_work = None
        if isinstance(got, BaseException):
            raise got
        return got

    def close(self) -> None:
        """End what is under way, and its lanes."""
        self.fleet.close()
        if self._thread is not None:
            self._thread.join()
            self.fleet.close()  # a lane that was starting meanwhile

    def _work(self, suspicion: Suspicion) -> None:
        try:
            self._done.put(self._confirm(suspicion))
        except Exception as error:  # noqa: BLE001  handed to the thread that asks for the result
            self._done.put(error)

    def _explained(self, confirmed: Confirmed) -> tuple[Confirmed, list[str]]:
        """The finding with what the page guard says of it, whatever evidence showed it, and the native stacks."""
        finding = confirmed.finding
        if finding.oracle not in _EXPLAINED or GUARD not in self.fleet.modes or (lane := self.fleet.idle_lane(GUARD)) is None:
            return confirmed, []
        explained = explain(lane, confirmed.program, _EXPLAIN_TRIES if confirmed.shown < confirmed.runs else 1)
        if explained is None:
            return confirmed, []
        if explained.sentence not in finding.detail:
            head = finding.detail.partition(": ")[0]
            confirmed = replace(confirmed, finding=msgspec.structs.replace(finding, detail=f"{head}: {explained.sentence}"))
        return confirmed, explained.stacks

    def _sharpened(self, suspicion: Suspicion) -> Suspicion:
        """The suspicion as the page guard sees it, where that sees more."""
        if suspicion.mode == GUARD or GUARD not in self.fleet.modes or (lane := self.fleet.idle_lane(GUARD)) is None:
            return suspicion
        finding = sharper(lane, suspicion.program, suspicion.finding)
        if finding is None:
            return suspicion
        return replace(suspicion, finding=finding, mode=GUARD, place=trigger(self.target, suspicion.program, finding))

    def _confirm(self, suspicion: Suspicion) -> Result:
        try:
            sharpened = self._sharpened(suspicion)
        except WorkerError:
            sharpened = suspicion
        if sharpened is not suspicion:
            if self._is_known(sharpened):
                return Result(sharpened, None, [], known=True)  # what is known by now is the touch; the late death may have a cause of its own
            result = self._confirm_as_it_is(sharpened)
            if result.confirmed is not None:
                return result
        return self._confirm_as_it_is(suspicion)

    def _confirm_as_it_is(self, suspicion: Suspicion) -> Result:
        lane = self.fleet.idle_lane(suspicion.mode)
        if lane is None:
            return Result(suspicion, None, [])
        say = self._said.put if self.aside else lambda pair: self.say(*pair)
        try:
            confirmed = confirm(
                self.fleet.idle_lane, tuple(self.fleet.modes), lane, suspicion.program, suspicion.finding, self.settings, lambda phase, detail: say((phase, detail))
            )
            if confirmed is None:
                return Result(suspicion, None, [])
            last = self.fleet.idle_lane(confirmed.evidence)
            shown = trace(last.run_one(confirmed.program)) if last is not None else []
            confirmed, stacks = self._explained(confirmed)
            return Result(suspicion, confirmed, shown, stacks)
        except WorkerError:
            return Result(suspicion, None, [])
