"""What a child wrote, taken with suspicion: records of another shape than ours are damage, not history."""

from __future__ import annotations

from typing import Any

from deadhand.model import history
from deadhand.model.history import decode_record

_TEXT = (str, type(None))
_COUNT = (int, type(None))
_MOMENT = (list, type(None))
_SHAPES: dict[str, tuple[Any, ...]] = {
    history.PROGRAM: (int,),
    history.BEGIN: (int, int),
    history.RETURNED: (int, _TEXT, _COUNT, _TEXT, _COUNT),
    history.RAISED: (int, list, str, int),
    history.SKIPPED: (int, str),
    history.OBSERVED: (int, int, str),
    history.PHASE: (str,),
    history.LOST: (str, list, str),
    history.LEDGER: (str, int, int),
    history.SURVIVOR: (int, str, int, int),
    history.ALIVE: (int,),
    history.IDENT: (int, int),
    history.SWITCH: (int, int, int),
    history.CONTROL: (int, str, int, int, list, _COUNT),
    history.STUCK: (str, int, list),
    history.STOPS: (int, list),
    history.THREADS: (int,),
    history.FOREIGN: (int, str),
    history.LATE: (list,),
    history.FLOOD: (int, int, list),
    history.DONE: (),
    history.GUARD: (str, str, int, int, _MOMENT, _MOMENT, _MOMENT),
    history.FRAMES: (str, list),
    history.MAPPINGS: (bytes,),
    history.LEFT: (int, int, int, int, list),
}
_STUCK = (int, int, str, int, str)
_STOP = (int, int, int, str, int)
_PARTS = 2
_LEFT_PARTS = 4
_FORGED = "a record is not what the child wrote"


def read_groups(records: list[bytes], damage: str | None) -> tuple[list[list[list[Any]]], str | None]:
    """The events of each program that was begun, in order, and one sentence on damage, or None."""
    groups: list[list[list[Any]]] = []
    for record in records:
        event = decode_record(record)
        if event is None or not _is_ours(event):
            damage = damage or _FORGED
        elif event[0] == history.PROGRAM:
            if event[1] == len(groups):
                groups.append([])
            else:
                damage = damage or _FORGED
        elif groups:
            groups[-1].append(event)
    return groups, damage


def _is_ours(event: list[Any]) -> bool:
    shape = _SHAPES.get(event[0])
    if shape is None or len(event) != len(shape) + 1 or not all(map(isinstance, event[1:], shape)):
        return False
    if event[0] == history.GUARD:
        return all(each is None or (len(each) == _PARTS and _are_numbers(each)) for each in event[5:])
    if event[0] in (history.FRAMES, history.FLOOD):
        return _are_numbers(event[-1])
    if event[0] == history.LATE:
        return all(isinstance(each, str) for each in event[1])
    if event[0] == history.LEFT:
        return all(isinstance(each, list) and len(each) == _LEFT_PARTS and _are_numbers(each) for each in event[5])
    if event[0] in (history.RAISED, history.LOST):
        return _are_classes(event[2])
    if event[0] == history.STOPS:
        return all(_is_row(row, _STOP) for row in event[2])
    return event[0] != history.STUCK or all(_is_row(row, _STUCK) for row in event[3])


def _is_row(row: Any, shape: tuple[type, ...]) -> bool:
    return isinstance(row, list) and len(row) == len(shape) and all(map(isinstance, row, shape))


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(each, int) for each in values)


def _are_classes(names: list[Any]) -> bool:
    return bool(names) and all(isinstance(each, str) for each in names)
