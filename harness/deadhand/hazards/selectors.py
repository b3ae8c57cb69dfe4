"""Which parameters of an operation select what is called: `getattr(row, how)(item)`, `setattr(parser, name, callback)`, `how(row)`.

One such operation stands for several native functions, each with bugs of its own: they are tried in turn, and told apart.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING

from deadhand.model.program import Pick

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from deadhand.model.program import Step
    from deadhand.target.describe import Operation

_KNOWN: dict[int, tuple[Operation, tuple[str, ...]]] = {}
_BY_NAME = ("getattr", "setattr", "delattr", "methodcaller")


def selectors(operation: Operation) -> tuple[str, ...]:
    """The names of the parameters that select, in order."""
    known = _KNOWN.get(id(operation))
    if known is None or known[0] is not operation:
        found = _selecting(operation.function)
        known = _KNOWN[id(operation)] = (operation, tuple(each.name for each in operation.parameters if each.role == "value" and each.name in found))
    return known[1]


def selected(operation: Operation, step: Step) -> str:
    """What a step's selecting arguments select, in words; empty when there are none."""
    return " ".join(filter(None, (_word(step.args.get(name)) for name in selectors(operation))))


def _word(value: object) -> str:
    if isinstance(value, Pick):
        return value.label.rpartition(":")[2]
    return value if isinstance(value, str) and value.isidentifier() else ""


def _selecting(function: Callable[..., Any]) -> frozenset[str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return frozenset()
    found: set[str] = set()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Name):
            found.add(call.func.id)
            if call.func.id not in _BY_NAME:
                continue
        named = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
        if named in _BY_NAME:
            found.update(each.id for each in call.args[:2] if isinstance(each, ast.Name))
    return frozenset(found)
