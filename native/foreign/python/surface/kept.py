"""Objects of Python that C knows by a number: no pointer to one ever leaves Python.

Each lies on a shelf that belongs to the object whose C half holds the number. The collector sees it there, and so it
sees cycles through C. When C lets go of a number, the object goes.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

from . import _low

NOTHING = object()
_numbers = itertools.count(1)
_shelves: dict[int, weakref.ref[Shelf]] = {}


class Shelf(dict):
    """Objects by number."""

    __slots__ = ("__weakref__",)

    def keep(self, thing: object) -> int:
        """The number of `thing` from now on."""
        number = next(_numbers)
        self[number] = thing
        _shelves[number] = weakref.ref(self)
        return number


def find(number: int, shelves: Any = _shelves) -> Any:
    """The object of that number, or NOTHING."""
    shelf = shelves.get(number, lambda: None)()
    return NOTHING if shelf is None else shelf.get(number, NOTHING)


def keep_beside(number: int, thing: object) -> int:
    """A number for `thing`, on the shelf where that number is; 0 if that is gone."""
    shelf = _shelves.get(number, lambda: None)()
    return 0 if shelf is None else shelf.keep(thing)


def take(number: int, shelves: Any = _shelves) -> Any:
    """The object of that number, which has none from now on."""
    shelf = shelves.pop(number, lambda: None)()
    # The collector clears weak references before finalizers run: then the shelf goes on its own.
    return NOTHING if shelf is None else shelf.pop(number, NOTHING)


RELEASE = _low.callback("release", take)
"""For C: lets go of a number."""
