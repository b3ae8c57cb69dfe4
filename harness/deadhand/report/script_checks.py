"""Which answers of a program an exported script must check. It asks the oracles themselves, with made-up histories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadhand.model import history as H  # noqa: N812  the letters of the records
from deadhand.model.history import History
from deadhand.model.program import Step, hostiles
from deadhand.oracles import contract, identity, observation
from deadhand.oracles.timeline import build_timeline
from deadhand.oracles.view import View

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from deadhand.model.program import Program
    from deadhand.target.contract import Expectation
    from deadhand.target.describe import Description

_NOTHING = "deadhand.no exception of any contract"


@dataclass(frozen=True)
class Promise:
    """What the contract demands of one step. `since`: the step that must have returned for it to hold, 0 for none."""

    since: int
    why: str
    must_raise: bool
    names: tuple[str, ...] = ()


def promises(target: Description, program: Program) -> dict[int, tuple[Promise, ...]]:
    """By step: what must not happen there, in the words of the contract.

    A step has several promises when several steps may end the same handle: what runs inside a call need not run at all.
    """
    return {number: found for number, _, _ in program.walk() if (found := tuple(_promises(target, program, number)))}


def _promises(target: Description, program: Program, number: int) -> Iterator[Promise]:
    left_out: set[int] = set()
    while True:
        view = _view(target, program, left_out=left_out)
        finding = next((each for each in contract.judge(view) if each.step == number), None)
        view = _view(target, program, left_out=left_out, raised=number)
        wrong = next((each for each in contract.judge(view) if each.step == number and each.kind == "wrong exception"), None)
        ran = view.timeline.by_number(number)
        about = finding or wrong
        if about is None or ran is None:
            return
        state = next(each for each in ran.states if each.name in about.handles)
        foreign = finding is not None and finding.mad == "MAD-20"
        since = 0 if foreign else state.disposed or state.parent_disposed
        why = finding.detail.partition(" although ")[2] if finding is not None else about.detail.partition(") and ")[2]
        expected = next((each for each in _expectations(target, ran.step) if wrong is not None and wrong.detail.endswith(f"must {each}")), None)
        yield Promise(since, why, finding is not None, expected.names if expected is not None else ())
        if not since or since in left_out:
            return
        left_out.add(since)


def is_compared(target: Description, program: Program, end: int, read: int) -> bool:
    """Whether an oracle compares what step `read` reads with the answer taken just before step `end`."""
    nested = {number for number, _, inside in program.walk() if inside} - {end, read}
    for left_out in ((), nested):
        view = _view(target, program, shown={read: "after"}, observed=(end, read), left_out=left_out)
        if any(each.step == read for each in (*observation.judge(view), *identity.judge(view))):
            return True
    return False


def identity_pairs(target: Description, program: Program) -> Iterator[tuple[int, int, bool]]:
    """Pairs of `@identity` steps (earlier, later, whether their answers must be equal rather than different)."""
    steps = [(number, step) for number, step, _ in program.walk() if (operation := target.operations.get(step.do)) is not None and operation.identity]
    for at, (later, _) in enumerate(steps):
        for earlier, _ in steps[:at]:
            for equal in (True, False):
                shown = {earlier: "one", later: "another" if equal else "one"}
                if any(each.step == later for each in identity.judge(_view(target, program, shown=shown))):
                    yield earlier, later, equal


def _expectations(target: Description, step: Step) -> Iterator[Expectation]:
    operation = target.operations.get(step.do)
    if operation is not None and operation.after_dispose is not None:
        yield operation.after_dispose
    for kind in target.kinds.values():
        yield from (kind.after_dispose, kind.second_dispose, kind.when_parent_disposed)


def _view(
    target: Description,
    program: Program,
    *,
    raised: int = 0,
    shown: dict[int, str] | None = None,
    observed: tuple[int, int] | None = None,
    left_out: Collection[int] = (),
) -> View:
    """A history in which every step returned, but for `raised` and those left out; only the reads in `shown` gave an answer."""
    events: list[list[Any]] = []
    counter = iter(range(1, program.size() + 1))

    def write(step: Step) -> None:
        number = next(counter)
        ran = number not in left_out
        if ran:
            events.append([H.BEGIN, number, step.thread])
        if observed is not None and observed[0] == number:
            events.append([H.OBSERVED, number, observed[1], "before"])
        for hostile in hostiles(step):
            for nested in hostile.body:
                write(nested)
        if ran and number == raised:
            events.append([H.RAISED, number, [_NOTHING], "", False])
        elif ran:
            events.append([H.RETURNED, number, (shown or {}).get(number), None, "object" if step.out else None, False])

    for step in program.steps:
        write(step)
    history = History(events, "stock", complete=True)
    return View(target, program, history, build_timeline(target, program, history))
