"""Programs for a hunt, one after another, away from what was already found."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from deadhand.hazards import weights
from deadhand.model.program import Program
from deadhand.search.compose import Composer
from deadhand.search.labels import walk_labels
from deadhand.search.random_drawer import Pools, RandomDrawer

if TYPE_CHECKING:
    from deadhand.target.describe import Description

_AGAIN = 85  # percent of programs that would only show a known find, and are written anew
_LEARN = 20
_SAME_SLOT = 2  # finds through one hostile slot, after which it hardly matters any more what runs inside
_BODY = re.compile(r"\{[^}]*\}")
_WORD = re.compile(r"[@\w]+")


def covers(known: str, label: str) -> bool:
    """Whether a step labelled `label` does at least what the known find's step did."""
    if "(" not in known:
        return known == label
    mine = set(_WORD.findall(label))
    return known.partition("(")[0] == label.partition("(")[0] and all(word in mine for word in _WORD.findall(known))


class Generator:
    """Writes programs by plain random choices, seeded."""

    def __init__(self, target: Description, number: int) -> None:
        self.target = target
        self.composer = Composer(target)
        self.draw = RandomDrawer(Pools(target, number), number)
        self.known: set[str] = set()
        self._known_words: dict[str, list[set[str]]] = {}
        self._known_steps: set[str] = set()
        self._slots: Counter[tuple[str, str]] = Counter()
        self._gave: dict[str, tuple[int, int]] = {}

    def program(self, *, may_exit: bool = False, must_exit: bool = False, must_dear: bool = False) -> tuple[Program, list[str]]:
        """The next program and its hazards."""
        program, hazards = Program(), list[str]()
        for _ in range(4):
            program, hazards = self.composer.program(self.draw, may_exit=may_exit, must_exit=must_exit, must_dear=must_dear)
            if program.steps and not (self.known and self._known(program) and self.draw.chance(_AGAIN)):
                break
        return program, hazards

    def _known(self, program: Program) -> bool:
        if not any(step.do in self._known_steps for _, step, _ in program.walk()):
            return False
        for _, label in walk_labels(self.target, program, self._known_steps):
            name, bracket, rest = label.partition("(")
            wanted = self._known_words.get(name) if bracket else None
            if wanted:
                mine = set(_WORD.findall(rest))
                if any(words <= mine for words in wanted):
                    return True
        return False

    def learn(self, operation: str, *, gave: bool) -> None:
        """Remember whether a creating operation gave a handle; one that seldom does is given a prelude from then on."""
        tried, made = self._gave.get(operation, (0, 0))
        tried, made = tried + 1, made + gave
        self._gave[operation] = (tried, made)
        if tried % _LEARN == 0:
            shy = {name for name, (total, some) in self._gave.items() if total >= _LEARN and some * 100 < weights.SHY * total}
            self.composer.shy = frozenset(shy | self.composer.shy)

    def avoid(self, trigger: str) -> None:
        """Write fewer programs that hold this step: it is known what it shows."""
        for part in trigger.split(" + "):
            name, bracket, rest = part.partition("(")
            if bracket and part not in self.known:
                self.known.add(part)
                self._known_words.setdefault(name, []).append(set(_WORD.findall(rest)))
                self._known_steps.add(name.partition(" ")[0])
                plain = _BODY.sub("", rest)
                if plain != rest:
                    self._slots[name, plain] += 1
                    if self._slots[name, plain] == _SAME_SLOT:
                        self._known_words[name].append(set(_WORD.findall(plain)))
