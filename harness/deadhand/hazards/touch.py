"""Touch: what any Python object can be asked to do, on handles in every state, kept arguments included."""

from __future__ import annotations

import contextlib
import copy
import itertools
import sys
from typing import TYPE_CHECKING, Any

from deadhand.hazards.base import Hazard
from deadhand.model.program import Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.hazards.draft import Draft, Variable
    from deadhand.target.describe import Description

_MANY = 1000


def _attributes(handle: Any) -> None:
    for name in dir(type(handle)):
        if not name.startswith("__"):
            with contextlib.suppress(Exception):  # an attribute may raise what it likes; it must not crash
                getattr(handle, name)


def _bytes(handle: Any) -> bytes:
    return bytes(itertools.islice(handle, _MANY) if hasattr(handle, "__next__") else handle)  # an iterator may have no end


def _clear(handle: Any) -> None:
    if hasattr(handle, "clear"):
        handle.clear()
    else:
        del handle[:]


def _drain(handle: Any) -> None:
    for _ in range(_MANY):
        next(handle)


def _view(handle: Any) -> memoryview:
    return memoryview(handle)


def _write(handle: Any) -> None:
    handle[0] = 1


HOWS: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "list": lambda handle: list(itertools.islice(iter(handle), _MANY)),
    "len": len,
    "bytes": _bytes,
    "view": _view,
    "iterator": iter,
    "next": next,
    "drain": _drain,
    "clear": _clear,
    "first": lambda handle: handle[0],
    "write": _write,
    "copy": copy.copy,
    "equal": lambda handle: handle == handle,
    "hash": hash,
    "truth": bool,
    "attributes": _attributes,
    "sizeof": sys.getsizeof,
    "reduce": lambda handle: handle.__reduce_ex__(2),
}
"""What `@touch how=…` does, by name."""

_MAKES = {"view": "plain_view", "iterator": "plain_iterator"}  # kinds of their own: a plan may well have a "view"
_WEIGHTS = (
    ("repr", 6), ("list", 8), ("len", 5), ("bytes", 6), ("view", 10), ("iterator", 12), ("next", 8), ("drain", 6), ("clear", 8), ("first", 6),
    ("write", 4), ("copy", 6), ("equal", 5), ("hash", 2), ("truth", 2), ("attributes", 5), ("sizeof", 2), ("reduce", 4),
)  # fmt: skip


def write_touch(draft: Draft, variable: Variable) -> None:
    """Add one touch of `variable` to the draft."""
    how = draft.draw.weighted(_WEIGHTS)
    made = draft.add_variable(_MAKES[how], [variable]) if how in _MAKES else None
    draft.hazard("touch", out=made.name if made else None, handle=Ref(variable.name), how=how)


class Touch(Hazard):
    """Look at, copy, compare, iterate, clear or drain a handle."""

    name = "touch"
    summary = "what any object can be asked: repr, len, iter, copy, compare, clear, buffer …"
    weight = 12
    verb = "touch"

    def fits(self, target: Description) -> bool:
        return bool(target.kinds)

    def write(self, draft: Draft) -> None:
        held = draft.held()
        variable = draft.draw.choose(held) if held else draft.create(draft.draw.choose(list(draft.target.kinds)))
        if variable is None:
            return
        for _ in range(1 + draft.draw.integer(0, 2)):
            write_touch(draft, draft.draw.choose([variable, *draft.children(variable)][-3:]))

    def perform(self, child: Any, args: dict[str, Any]) -> object:  # noqa: ARG002  one shape for all verbs
        return HOWS[args["how"]](args["handle"])
