"""Fork: the process forks with live handles; the new process uses them, ends them, or exits with them.

A fork copies memory and one thread. Threads of the library are gone in the copy, and what they held stays locked. The parent waits for
the child, so that a hang in it is a hang, and ends as the child did if that did not end well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.hazards import weights
from deadhand.hazards.aside import aside, held
from deadhand.hazards.base import Hazard, dispose, use
from deadhand.model.program import replace

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft, Variable
    from deadhand.model.program import Step
    from deadhand.target.describe import Description

EXIT, AT_ONCE = "exit", "at once"
"""How the forked process leaves: by a real interpreter exit, or by `os._exit`."""


class Fork(Hazard):
    """Fork between two steps; where the plan says that the library survives it, also while another thread is inside the library."""

    name = "fork"
    summary = "the process forks; the child uses, ends or leaves the handles it finds"
    weight = 2
    verb = "fork"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def share(self, target: Description) -> int:
        return self.weight * (weights.BUSY_SHARE if target.cls.forks_while_busy else 1)

    def write(self, draft: Draft) -> None:
        variable = _handle(draft)
        if variable is None:
            return
        inside = _inside(draft, variable)
        before = len(draft.steps)
        if draft.target.cls.forks_while_busy and draft.draw.chance(weights.BUSY_FORK):
            use(draft, variable)
        draft.hazard("fork", inside=held(inside), leave=AT_ONCE)
        if len(draft.steps) == before + 2:
            draft.steps[-1] = replace(draft.steps[-1], overlap=True, thread=1)
        if not variable.dropped and draft.draw.chance(50):
            use(draft, variable)

    def write_exit(self, draft: Draft) -> None:
        """The dear form, in which the child leaves by a real exit: it costs as much as a hundred programs, so only the last program of a batch has it."""
        variable = _handle(draft)
        if variable is not None:
            draft.hazard("fork", inside=held(_inside(draft, variable)) if draft.draw.chance(50) else None, leave=EXIT)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        child.fork(args.get("inside"), real_exit=args.get("leave") == EXIT)


def _handle(draft: Draft) -> Variable | None:
    variable = draft.need(draft.draw.choose(list(draft.target.kinds)))
    if variable is not None and draft.draw.chance(50):
        use(draft, variable)  # many a library starts its threads at first use
    return variable


def _inside(draft: Draft, variable: Variable) -> tuple[Step, ...]:
    """What the child does with the handle."""
    sort = draft.draw.weighted(weights.IN_FORK)
    steps = aside(draft, lambda: _do(draft, variable, sort))
    return tuple(step for step in steps if step.do.removeprefix("@") not in draft.target.skip_hazards)


def _do(draft: Draft, variable: Variable, sort: str) -> None:
    if sort == "drop":
        draft.drop(variable)
    elif sort == "use" or not dispose(draft, variable):
        use(draft, variable)
        if draft.draw.chance(30):
            use(draft, draft.draw.choose(draft.held()))
