"""Plan of attack on the specimen keeper (MAD-05): an item that outlives its list."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, uses, works

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class Plain:
    """An object like any other."""


FRESH = {
    "text": lambda: "x" * 100_000 + str(id(object())),
    "instance": Plain,
    "instance_reused": Plain,
    "float": lambda: float("1.5") * 3,
    "float_collected": lambda: float("1.5") * 3,
    "list": lambda: [None] * 3,
    "list_collected": lambda: [None] * 3,
}
"""Kinds of items. `reused`: others of its size are made after it died. `collected`: the collector runs then, which
empties the interpreter's free lists. (Under the page guard it runs after every step that ends a life.)"""


class _Keepers(Target):
    items = Handle(after_dispose=works)
    keeper = Handle(parent=items, when_parent_disposed=works)

    @creates(items)
    def gather(self, kind=st.sampled_from(list(FRESH))):
        return Gathered(kind)

    @creates(keeper)
    def keep(self, items):
        return self.module.Keeper(items)

    @disposes(items)
    def clear(self, items):
        items.let_go()

    @uses
    def ask(self, keeper):
        keeper.kind_of()

    @ledger
    def alive(self):
        return self.module.alive()


class Gathered(list):
    """A list of one fresh item, which can be let go."""

    def __init__(self, kind):
        super().__init__([FRESH[kind]()])
        self.kind = kind
        self.others = []

    def let_go(self):
        self.clear()
        if self.kind.endswith("_collected"):
            import gc

            gc.collect()
        if self.kind.endswith("_reused"):
            self.others = [Plain() for _ in range(64)]


class Bug(_Keepers):
    """The keeper takes no reference of its own."""

    module = load("keeper", "bug")


class Fixed(_Keepers):
    """It does."""

    module = load("keeper", "fixed")
