"""Growth: what a program adds to its process at every repetition: native blocks, descriptors, threads.

Needs the page guard, which counts blocks, and a program that was repeated in one child. Blind to what grows in steps (a
table that doubles), to memory that the guard does not see, and to a leak that a repetition does not show again.

And what piles up in a handle that is said to be bounded: in each of three stretches, each twice as long as the one before,
every call left some bytes. That is seen in every evidence mode.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from deadhand.model import history as H  # noqa: N812  the letters of the records
from deadhand.model.verdict import Finding
from deadhand.oracles.memory import Moment, called

if TYPE_CHECKING:
    from deadhand.oracles.view import View

KINDS = ("blocks", "bytes", "descriptors", "threads")
_FEWEST = 4
_LEAST_BYTES = 4
"""What an entry of any queue takes at least: half a pointer, for what doubles is half empty."""
_LEAST_CALLS = 16


def judge(view: View) -> list[Finding]:
    """At most one finding: the most telling of what grew."""
    if (piled := _piled_up(view)) is not None:
        return [piled]
    event = next((each for each in view.history.events if each[0] == H.GREW), None)
    if event is None:
        return []
    _, times, grew, floor, left = event
    over = {kind: amount for kind, amount, noise in zip(KINDS, grew, floor, strict=True) if amount > noise}
    over.pop("bytes", None)  # blocks say it, and bytes alone are a block that was resized
    if not over:
        return []
    kind = next(each for each in ("threads", "descriptors", "blocks") if each in over)
    amount = over[kind]
    of = f" ({grew[1]} bytes)" if kind == "blocks" and grew[1] > 0 else ""
    noise = floor[KINDS.index(kind)]
    detail = f"each of {times} repetitions leaves {amount} {_noun(kind, amount)}{of} more, an empty program {noise}"
    step, where = _maker(view, left) if kind == "blocks" else (0, "")
    return [Finding("growth", kind, detail + where, step, "collect")]


def _piled_up(view: View) -> Finding | None:
    for event in view.history.events:
        if event[0] != H.FLOOD:
            continue
        _, step, calls, seen = event
        added = [after - before for before, after in pairwise(seen)]
        if not calls and added != sorted(added):
            continue  # what fills up to a limit does so more and more slowly
        if all(more >= _LEAST_BYTES * max(calls, _LEAST_CALLS) << at for at, more in enumerate(added)):
            when = f"{calls * 7} calls beyond the {calls} that may pile up" if calls else "time passed and nobody took anything out"
            return Finding("growth", "queue", f"nothing limits what piles up in step {step}: {when}, and {sum(added)} bytes more are in use", step)
    return None


def _noun(kind: str, amount: int) -> str:
    return kind if amount != 1 else kind.removesuffix("s")


def _maker(view: View, left: list[list[Any]]) -> tuple[int, str]:
    """The step that allocated most of what the last repetition left, in words."""
    steps = [(blocks, Moment(step, thread)) for step, thread, blocks, _ in left if 0 < step < H.PHASE_MARK]
    if not steps:
        return 0, ""
    _, moment = max(steps, key=lambda each: each[0])
    name = next((step.do for number, step, _ in view.program.walk() if number == moment.step), "")
    return moment.step, f"; allocated by step {moment.step}{f' {called(name)}' if name else ''}"


def steady(series: list[list[int]]) -> list[int]:
    """What every repetition of the second half adds at least, of each kind; nothing where there are too few."""
    half = series[len(series) // 2 :]
    if len(half) < _FEWEST:
        return [0] * len(KINDS)
    return [max(0, min(after[at] - before[at] for before, after in pairwise(half))) for at in range(len(KINDS))]
