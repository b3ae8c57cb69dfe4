"""Steps that run elsewhere, in another process or another interpreter: what they do to lives here is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deadhand.model.program import Hostile

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.hazards.draft import Draft
    from deadhand.model.program import Step


def aside(draft: Draft, write: Callable[[], object], *, empty: bool = False) -> tuple[Step, ...]:
    """The steps that `write` writes, taken out of the draft again. With `empty` no handle of the draft is known to them."""
    begun, thread = len(draft.steps), draft.thread
    before = [replace(each) for each in draft.variables]
    if empty:
        draft.remember([])
    try:
        write()
    finally:
        draft.remember(before)
        draft.thread = thread
    steps = tuple(draft.steps[begun:])
    del draft.steps[begun:]
    return steps


def held(steps: tuple[Step, ...]) -> Hostile | None:
    """Steps as the value that a hazard's own step holds; None for no steps."""
    return Hostile(protocol="steps", body=steps) if steps else None
