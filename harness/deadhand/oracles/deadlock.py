"""Deadlock: under control nobody could go on. A circle of waiting, a wake-up that was lost, or no end within the budget.

Blind to steps that are not under control (the oracle `hang` waits for those), and to whatever the scheduler could not
see: a lock that is taken without a call, a thread outside the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.history import stuck
from deadhand.model.status import DEADLOCK
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.model.history import Stuck
    from deadhand.oracles.view import View

_GIL = "the GIL"
_SAYS = {
    "deadlock": "nobody can go on",
    "lost wake-up": "all wait, and nobody is left to wake them",
    "livelock": "no end in sight after all decisions that are allowed",
}


def judge(view: View) -> list[Finding]:
    """At most one finding."""
    death, found = view.history.death, stuck(view.history)
    if found is None or death is None or death.kind != "exit" or death.name != str(DEADLOCK):
        return []
    kind, threads = found
    steps = {number: step.do for number, step, _ in view.program.walk()}
    taking_part = {step.thread for step in view.program.steps}
    waiting = [_sentence(each, threads, steps, taking_part) for each in threads]
    step = _at_fault(circle(threads) or threads)
    return [Finding("deadlock", kind, f"{_SAYS.get(kind, kind)}: {'; '.join(waiting)}", step)]


def _at_fault(threads: list[Stuck]) -> int:
    """The step that waits for the GIL, for it holds what the others want; else the first in writing order."""
    steps = sorted(each.step for each in threads if each.step > 0)
    return next((each.step for each in threads if each.step > 0 and each.lock == _GIL), steps[0] if steps else 0)


def circle(threads: list[Stuck]) -> list[Stuck]:
    """The threads that wait for each other, in writing order of their steps; empty when no circle closes."""
    of = {each.thread: each for each in threads}
    for first in threads:
        path = [first]
        while (after := of.get(path[-1].owner)) is not None and after not in path:
            path.append(after)
        if after is not None:
            return sorted(path[path.index(after) :], key=lambda each: each.step)
    return []


def _sentence(each: Stuck, threads: list[Stuck], steps: dict[int, str], taking_part: set[int]) -> str:
    if each.step > 0:
        where = f"thread {each.thread} (step {each.step}, {steps.get(each.step, '?')})"
    else:
        where = f"thread {each.thread} ({'before its first step' if each.thread in taking_part else 'of the library itself'})"
    holds = sorted({other.lock for other in threads if other.owner == each.thread and other is not each})
    owns = f" holds {' and '.join(holds)} and" if holds else ""
    if not each.lock:
        return f"{where}{owns} is in {each.waits}" if not each.waits.startswith("nothing") else f"{where}{owns} runs on"
    again = ", which it holds itself" if each.owner == each.thread else ""
    return f"{where}{owns} waits for {each.lock}{again}"
