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
    from deadhand.target.describe import Description

EXIT, AT_ONCE = "exit", "at once"
"""How the forked process leaves: by a real interpreter exit, or by `os._exit`."""


class Fork(Hazard):
    """Fork between two steps; where the plan says that the library survives it, also while another thread is inside the library."""

    name = "fork"
    summary = "the process forks; the child uses, ends or leaves the handles it finds"
    weight = 3
    verb = "fork"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        variable = draft.need(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        if draft.draw.chance(50):
            use(draft, variable)  # many a library starts its threads at first use
        sort = draft.draw.weighted(weights.IN_FORK)
        inside = aside(draft, lambda: _inside(draft, variable, sort))
        inside = tuple(step for step in inside if step.do.removeprefix("@") not in draft.target.skip_hazards)
        leave = EXIT if sort == "exit" or draft.draw.chance(weights.FORK_EXIT) else AT_ONCE
        busy = draft.target.cls.forks_while_busy and draft.draw.chance(50)
        if busy:
            before = len(draft.steps)
            draft.thread = 1
            use(draft, variable)
            draft.thread = 0
            busy = len(draft.steps) == before + 1
        draft.hazard("fork", inside=held(inside), leave=AT_ONCE if busy else leave)  # a process that leaves goes through all frames, a region's as well
        if busy:
            draft.steps[-1] = replace(draft.steps[-1], overlap=True)
        if not variable.dropped and draft.draw.chance(50):
            use(draft, variable)

    def perform(self, child: Any, args: dict[str, Any]) -> None:
        child.fork(args.get("inside"), real_exit=args.get("leave") == EXIT)


def _inside(draft: Draft, variable: Variable, sort: str) -> None:
    if sort == "exit":
        return
    if sort == "drop":
        draft.drop(variable)
    elif sort == "use" or not dispose(draft, variable):
        use(draft, variable)
        if draft.draw.chance(30):
            use(draft, draft.draw.choose(draft.held()))
