"""What a Hypothesis strategy names outright (`sampled_from`, `just`), so that a case can refer to it by number.

Hypothesis has no public way to ask; each look is guarded, and what is not found is only not offered.
"""

from __future__ import annotations

from typing import Any


def offered_objects(strategy: object) -> tuple[object, ...]:
    """Every object that `strategy` names by `sampled_from` or `just`, in a stable order, plain data left out."""
    found: list[object] = []
    _collect(strategy, found, depth=0)
    return tuple(found)


_DEEP = 12
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict)


def _collect(strategy: Any, found: list[object], depth: int) -> None:
    if depth > _DEEP:
        return
    inner = getattr(strategy, "wrapped_strategy", None)
    if inner is not None:
        _collect(inner, found, depth + 1)
    for attribute in ("elements", "value"):
        values = getattr(strategy, attribute, None)
        if values is None:
            continue
        for value in values if attribute == "elements" else (values,):
            _offer(value, found)
    for attribute in ("original_strategies", "element_strategies"):
        for part in getattr(strategy, attribute, None) or ():
            _collect(part, found, depth + 1)
    for attribute in ("element_strategy", "mapped_strategy", "filtered_strategy"):
        part = getattr(strategy, attribute, None)
        if part is not None:
            _collect(part, found, depth + 1)


def _offer(value: object, found: list[object]) -> None:
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            _offer(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            _offer(item, found)
    elif type(value) not in _PLAIN and not any(each is value for each in found):
        found.append(value)
