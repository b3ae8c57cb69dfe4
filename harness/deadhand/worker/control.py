"""Overlap groups under control: one thread of them goes on at a time, and the schedule says which.

The scheduler is native (`_native.Scheduler`) and is armed once per child, before its first controlled program. Where it
cannot be, the group runs on free threads that are held back by random times, and the history says so: a run is never called controlled that was not.
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

from deadhand import _native
from deadhand.model import history
from deadhand.worker.points import Points

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.model.schedule import Schedule
    from deadhand.worker.node import Node
    from deadhand.worker.threads import Crew

BUDGET = 20_000
"""Decisions in one region, after which it is a livelock."""


DELAYED = "free-running threads with injected delays instead"
"""Said of a group that could not be controlled."""

LONGEST_DELAY = 0.002
"""Seconds that a thread may be held back where threads cannot be controlled."""


def delays(seed: int, number: int, threads: list[int]) -> dict[int, float]:
    """Seconds by which all threads of a group but one are held back, drawn from the schedule's seed: from 1 microsecond to 2 ms, each size as likely."""
    draw = random.Random(f"{seed} {number}")
    first = draw.choice(threads)
    return {thread: 1e-6 * (LONGEST_DELAY / 1e-6) ** draw.random() for thread in threads if thread != first}


class Control:
    """The scheduler of one child, and the regions it makes."""

    def __init__(self, note: Callable[..., None], journal: Any, files: frozenset[str], budget: int = BUDGET) -> None:
        self.note = note
        self.journal = journal
        self.budget = budget
        self.points = Points(files, _native.schedule_point)
        self.blind = ""
        self._scheduler: Any = None
        self._refused = ""
        self._looks = False

    def look(self) -> None:
        """Look at the Python code that has points, from now on."""
        if not self._looks:
            self.blind = self.points.arm()
            self._looks = True

    def arm(self) -> str:
        """Take control of this process, once; why that cannot be, or an empty string. Forked children inherit it.

        Outside regions it changes nothing, so the zygote does it for all its children: it takes longer than many a program.
        """
        if self._scheduler is None and not self._refused:
            try:
                self._scheduler = _native.Scheduler.arm(self.journal)
            except (_native.Unsupported, RuntimeError) as error:
                self._refused = f"threads cannot be controlled here: {error}"
            else:
                self.look()
        return self._refused

    def run(self, number: int, nodes: list[Node], schedule: Schedule, crew: Crew, perform: Callable[[Node], None]) -> None:
        """Run the steps of one group, the region `number`, as the schedule says."""
        refused = self.arm()
        if refused:
            threads = sorted({node.step.thread for node in nodes})
            crew.together([(node.step.thread, perform, node) for node in nodes], delays(schedule.seed, number, threads))
            self.note(history.CONTROL, number, "none", 0, 0, [refused, DELAYED], None)
            return
        threads = sorted({node.step.thread for node in nodes})
        region = self._scheduler.region(
            number=number,
            threads=threads,
            policy=schedule.policy,
            seed=schedule.seed,
            depth=schedule.depth,
            length=schedule.length,
            switches=schedule.of(number),
            budget=self.budget,
        )
        parts: list[tuple[int, Callable[[Any], None], Any]] = [(thread, self._take_part, (region, thread, [node for node in nodes if node.step.thread == thread], perform)) for thread in threads]
        crew.side_by_side(parts)
        self._note_end(number, region.report())

    def _take_part(self, part: Any) -> None:
        region, thread, nodes, perform = part
        self.note(history.IDENT, thread, threading.get_ident())
        region.enter(thread)
        try:
            with self.points.watched():
                for node in nodes:
                    region.step(node.number)
                    perform(node)
        finally:
            region.leave(thread)

    def _note_end(self, number: int, report: dict[str, Any]) -> None:
        control, why = report["control"], [str(each) for each in report["why"]]
        if self.blind:
            control, why = ("partial" if control == "full" else control), [*why, self.blind]
        self.note(history.CONTROL, number, control, report["hash"], report["decisions"], why, report["diverged"])
        if report["stops"]:
            self.note(history.STOPS, number, report["stops"])
