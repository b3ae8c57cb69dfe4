"""Two steps that meet, and nothing else: every pair of operations on one handle, or on a handle and what it lives on.

Random programs meet a given pair now and then, in the middle of much else. Here each pair has a program of its own, as short as can
be, so that all its schedules of one switch are a few dozen. Pairs of which one ends a life come first; when all have had their turn they
come again, with other arguments. Where the library promises to survive a fork while a thread is inside it, each operation meets a
fork, too, whose child does the same.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from deadhand.hazards.aside import held
from deadhand.hazards.draft import Draft
from deadhand.hazards.fork import AT_ONCE
from deadhand.model.program import Step, replace

if TYPE_CHECKING:
    from deadhand.hazards.drawer import Drawer
    from deadhand.model.program import Program
    from deadhand.target.describe import Description, Operation

    Pair = tuple[str, Operation, str, Operation | None]
    """Two operations and the kinds of their handles; None for a fork in place of the second."""

_HAZARD = "overlap"


class Pairs:
    """Writes the programs, one after another, without end; `next` gives None for a pair whose handles cannot be made."""

    def __init__(self, target: Description, draw: Drawer) -> None:
        self.target = target
        self.draw = draw
        kinds = [name for name, handle in target.kinds.items() if handle.overlap and handle.threads == "any"] if _HAZARD not in target.skip_hazards else []
        found = [pair for kind in kinds for pair in self._of(kind)]
        for at in range(len(found) - 1, 0, -1):
            other = draw.integer(0, at)
            found[at], found[other] = found[other], found[at]
        self.pairs = sorted(found, key=lambda pair: not (pair[1].ends or pair[3] is None or pair[3].ends))
        self._turns = itertools.cycle(self.pairs)
        self._given = 0

    def next(self) -> Program | None:
        """The next pair's program: what makes its handles, one step on thread 0, the other beside it on thread 1."""
        kind, first, other_kind, second = next(self._turns)
        draft = Draft(self.target, self.draw)
        handle = draft.need(kind)
        if handle is None:
            return None
        other = handle if kind == other_kind else next((found for name in handle.parents if (found := draft.variable(name)) is not None and found.kind == other_kind), None)
        if other is None:
            return None
        if self._given >= len(self.pairs):
            users = [each for each in self.target.taking.get(kind, ()) if not each.ends and not each.creates]
            for _ in range(self.draw.integer(1, 2) if users else 0):
                draft.call(self.draw.choose(users), {kind: handle}, hostile=False)
        self._given += 1
        one, other_one = (draft.compose(operation, {variable.kind: variable}, hostile=False)[0] for operation, variable in ((first, handle), (second or first, other)))
        if one is None or other_one is None:
            return None
        if second is None:
            other_one = Step(do="@fork", args={"inside": held((other_one,)), "leave": AT_ONCE})
        draft.steps += [replace(one, thread=0), replace(other_one, thread=1, overlap=True)]
        return draft.finish()

    def _of(self, kind: str) -> list[Pair]:
        """The pairs on one handle, and those with what ends a handle that it lives on."""
        operations = [each for each in self.target.taking.get(kind, ()) if not each.creates]
        makers = [each for each in self.target.taking.get(kind, ()) if each.creates]
        found: list[Pair] = [(kind, first, kind, second) for first, second in itertools.combinations_with_replacement(operations, 2)]
        if self.target.cls.forks_while_busy and "fork" not in self.target.skip_hazards:
            found += [(kind, each, kind, None) for each in operations if not each.ends]
        found += [(kind, maker, kind, each) for maker in makers for each in operations if each.ends]
        for parent in self.target.parents(kind):
            handle = self.target.kinds[parent]
            if handle.overlap and handle.threads == "any":
                found += [(kind, each, parent, ender) for each in operations for ender in self.target.taking.get(parent, ()) if ender.ends and not ender.creates]
        return found
