"""Borrow: a live handle that may be shared says that it is borrowed: to a second thread, to a call inside a call, or for ever.

A plan whose library documents exclusive use says `Handle(overlap=False)`; a call that ends a life may be refused while
another one is in progress. Blind to libraries that refuse in words of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.timeline import Ran
    from deadhand.oracles.view import View

_WORDS = re.compile(r"already (?:(?:im)?mutably )?borrowed", re.IGNORECASE)
"""What PyO3's borrow checks and Rust's RefCell say."""

_HOW = {
    "thread": "while another thread used it",
    "re-entry": "inside another call on it",
    "kept": "with no other call in progress: an earlier one has not given it back",
}


def judge(view: View) -> list[Finding]:
    """At most one finding: the first step that was refused."""
    for ran in view.timeline.ran:
        if concerns(view, ran):
            kind = "thread" if ran.concurrent else "re-entry" if ran.inside else "kept"
            names = tuple(state.name for state in ran.states)
            return [Finding("borrow", kind, f"step {ran.number} was refused {' and '.join(names)}, {_HOW[kind]}: {ran.message}", ran.number, handles=names)]
    return []


def concerns(view: View, ran: Ran) -> bool:
    """Whether a step was refused a live handle that may be shared, or that nobody else used, although nothing was ending a life meanwhile."""
    if not ran.raised or not ran.states or _WORDS.search(ran.message) is None:
        return False
    if any(state.word not in ("live", "outlived") or state.unsure or ((ran.concurrent or ran.inside) and not _shareable(view, state.kind)) for state in ran.states):
        return False
    if not (ran.concurrent or ran.inside) and _lent(view, ran):
        return False
    return not any((operation := view.timeline.operation(each)) is not None and operation.ends for each in _met(view, ran))


def _lent(view: View, ran: Ran) -> bool:
    """Whether something made of the handle is alive: a guard, a transaction or an iterator may hold the borrow as long as it lives."""
    mine = {state.name for state in ran.states}
    return any(
        mine & set(life.parents) and life.made < ran.number and not any(0 < end < ran.number for end in (life.disposed, life.ended, life.dropped))
        for life in view.timeline.lives.values()
    )


def _shareable(view: View, kind: str) -> bool:
    handle = view.target.kinds.get(kind)
    return handle is not None and handle.overlap


def _met(view: View, ran: Ran) -> list[Ran]:
    """The step, those that ran at the same time, and those it runs inside, be it that a value died in them."""
    outer = view.timeline.outermost(ran.number)
    around = {outer, *(each.number for each in view.timeline.inside(outer)), *_open_at(view, ran.number)}
    return [each for each in view.timeline.ran if each.number in around or (ran.concurrent and each.concurrent)]


def _open_at(view: View, number: int) -> list[int]:
    """The steps that had begun and not ended when step `number` began."""
    found: list[int] = []
    for event in view.history.events:
        if event[0] == H.BEGIN:
            if event[1] == number:
                break
            found.append(event[1])
        elif event[0] in (H.RETURNED, H.RAISED, H.SKIPPED) and event[1] in found:
            found.remove(event[1])
    return found
