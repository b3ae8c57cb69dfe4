"""Finds that look like one bug: the same class and symptom, and the same thing done in the middle of a call, or the same state.

One missing check shows through every call that lacks it. Each way to it is a case of its own; a reader wants to fix it once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deadhand.search.events import Found

_INSIDE = re.compile(r"\{([^{}]+)\}")
_STATE = re.compile(r"\((\w+)\)")
_CALL = re.compile(r" in (@?\w+(?: \w+)?)")
_MOST = 6


def cause(found: Found) -> str:
    """What a find is likely about, in a few words."""
    what = f"{found.mad} {'crash' if found.oracle == 'death' and found.symptom.startswith('SIG') else found.symptom}".strip()
    inside = _INSIDE.findall(found.signature)
    if inside:
        return f"{what}, {inside[-1].split('; ')[-1]} in the middle of a call"
    if "&{}" in found.signature:
        return f"{what}, an object that the library holds"
    state = _STATE.search(found.signature)
    return f"{what}, on a handle that is {state[1]}" if state is not None else f"{what}, {_call(found)}"


def _call(found: Found) -> str:
    called = _CALL.search(found.signature)
    return called[1] if called is not None else found.signature


def cause_lines(findings: list[Found]) -> list[str]:
    """One line for each likely cause that has more than one find, those with the most first; none when every find stands alone."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for found in findings:
        groups.setdefault((found.target, cause(found)), []).append(found)
    several = sorted((group for group in groups.items() if len(group[1]) > 1), key=lambda group: -len(group[1]))
    if not several:
        return []
    lines = [f"{len(findings)} findings have {len(groups)} likely cause{'s' if len(groups) > 1 else ''}:"]
    for (_, name), group in several:
        calls = list(dict.fromkeys(_call(each) for each in group))
        more = f" and {len(calls) - _MOST} more" if len(calls) > _MOST else ""
        lines.append(f"  {len(group)} x {name}: {', '.join(calls[:_MOST])}{more}")
    return lines
