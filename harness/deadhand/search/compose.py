"""Random programs of a target: hazards one at a time, hazards with noise, random walks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.hazards import HAZARDS, Hazard, weights
from deadhand.hazards.base import use
from deadhand.hazards.draft import Draft
from deadhand.hazards.fork import Fork
from deadhand.hazards.subinterpreter import SubInterpreter

if TYPE_CHECKING:
    from deadhand.hazards.drawer import Drawer
    from deadhand.model.program import Program
    from deadhand.target.describe import Description

_EXIT = next(hazard for hazard in HAZARDS if hazard.name == "interpreter exit")
_SECOND = next(hazard for hazard in HAZARDS if isinstance(hazard, SubInterpreter))
_FORK = next(hazard for hazard in HAZARDS if isinstance(hazard, Fork))


class Composer:
    """Writes programs for one target."""

    def __init__(self, target: Description) -> None:
        self.target = target
        self.hazards: list[tuple[Hazard, int]] = [
            (hazard, hazard.share(target)) for hazard in HAZARDS if hazard.weight and hazard.name not in target.skip_hazards and hazard.fits(target)
        ]
        self.can_exit = _EXIT.name not in target.skip_hazards and _EXIT.fits(target)
        # A forked child that exits with open handles is what the plan says of exits.
        dear = [(_SECOND, _SECOND.write), *([(_FORK, _FORK.write_exit)] if self.can_exit else [])]
        self.dear = [(hazard.name, write) for hazard, write in dear if hazard.name not in target.skip_hazards and hazard.fits(target)]
        self._turn = 0
        self.operations = list(target.operations.values())
        self.enders = [each for each in self.operations if each.ends]
        self.shy: frozenset[str] = frozenset()
        self.users = [each for each in self.operations if not each.ends]

    def program(self, draw: Drawer, *, may_exit: bool = False, must_exit: bool = False, must_dear: bool = False) -> tuple[Program, list[str]]:
        """One program, and the names of the hazards written into it; the last of a batch may, or must, exit the interpreter or do what is as dear."""
        draft = Draft(self.target, draw, self.shy)
        shape = draw.weighted(weights.SHAPE)
        if shape == "motif":
            for _ in range(draw.weighted(weights.MOTIFS)):
                self.hazard(draft)
        else:
            self.walk(draft, self.length(draw), noise=shape == "motifs")
        if self.can_exit and not must_dear and (must_exit or (may_exit and draw.chance(weights.EXIT))):
            _EXIT.write(draft)
            draft.hazards.append(_EXIT.name)
        elif self.dear and (must_dear or (may_exit and draw.chance(weights.DEAR))):
            name, write = self.dear[self._turn % len(self.dear)]
            self._turn += 1
            write(draft)
            draft.hazards.append(name)
        program = draft.finish()
        return program, draft.hazards

    def length(self, draw: Drawer) -> int:
        """How many steps a walk aims at."""
        return draw.integer(3, draw.weighted(weights.LENGTH))

    def walk(self, draft: Draft, length: int, *, noise: bool) -> None:
        """Steps of every sort until the program is long enough."""
        for _ in range(length):
            if len(draft.steps) >= length:
                return
            sort = "hazard" if noise and draft.draw.chance(40) else draft.draw.weighted(weights.WALK)
            self.step(draft, sort)

    def step(self, draft: Draft, sort: str) -> None:
        """One more step of a walk."""
        if sort == "hazard" and self.hazards:
            self.hazard(draft)
        elif sort == "end" and self.enders:
            draft.call(draft.draw.choose(self.enders))
        elif self.users:
            draft.call(draft.draw.choose(self.users))
        else:
            draft.call(draft.draw.choose(self.operations))
        held = draft.held()
        if held and draft.draw.chance(10):
            use(draft, draft.draw.choose(held))

    def hazard(self, draft: Draft) -> None:
        """One hazard, by weight."""
        if not self.hazards:
            draft.call(draft.draw.choose(self.operations))
            return
        hazard = draft.draw.weighted(self.hazards)
        draft.hazards.append(hazard.name)
        hazard.write(draft)
