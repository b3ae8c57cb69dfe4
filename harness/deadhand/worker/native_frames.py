"""Native stacks that a page guard took as addresses, as text: resolved in the parent, cut to what says something."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deadhand import _native
from deadhand.model import history
from deadhand.worker.stacks import Frame, is_loop

_MOST = 8
_OURS = "_native.abi3.so"


@dataclass(frozen=True)
class Mapping:
    """Code that is loaded from a file."""

    start: int
    end: int
    offset: int
    path: str


def resolve(events: list[list[Any]]) -> list[list[Any]]:
    """The events, with the addresses of stacks replaced by lines of text and the mappings taken out."""
    stacks = [event for event in events if event[0] == history.FRAMES]
    if not stacks:
        return events
    text = b"".join(event[1] for event in events if event[0] == history.MAPPINGS).decode("utf-8", "replace")
    exact = {event[2][0] for event in stacks if event[1] == "touched" and event[2]}
    named = _names([address for event in stacks for address in event[2]], exact, read_mappings(text))
    kept = [event for event in events if event[0] not in (history.FRAMES, history.MAPPINGS)]
    told = [[history.FRAMES, event[1], _lines(event[2], named)] for event in stacks]
    at = next((at for at, event in enumerate(kept) if event[0] == history.GUARD), len(kept) - 1)
    return [*kept[: at + 1], *told, *kept[at + 1 :]]


def read_mappings(text: str) -> list[Mapping]:
    """The mappings of code in the text of /proc/PID/maps."""
    found = []
    for line in text.splitlines():
        parts = line.split(maxsplit=5)
        if len(parts) < 6 or "x" not in parts[1] or not parts[5].startswith("/"):
            continue
        start, _, end = parts[0].partition("-")
        found.append(Mapping(int(start, 16), int(end, 16), int(parts[2], 16), parts[5]))
    return found


def _names(addresses: list[int], exact: set[int], mappings: list[Mapping]) -> dict[int, list[Frame]]:
    """For each address the functions there, the innermost first; `exact` are those of instructions, the others of what comes after a call."""
    by_file: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for address in set(addresses):
        place = next((each for each in mappings if each.start < address <= each.end), None)
        if place is not None:
            by_file[place.path][address] = address - (address not in exact) - place.start + place.offset
    named: dict[int, list[Frame]] = {}
    for path, offsets in by_file.items():
        for address, found in zip(offsets, _native.native_symbols(path, list(offsets.values())), strict=True):
            frames = [Frame(native=True, function=function, path=file or "", line=line or 0, library=path) for function, file, line in found]
            named[address] = frames or [Frame(native=True, function="???", path="", line=0, library=path)]
    return named


def _lines(addresses: list[int], named: dict[int, list[Frame]]) -> list[str]:
    """The frames that are neither the guard's own nor the interpreter's loop, the innermost first."""
    frames = [frame for address in addresses for frame in named.get(address, [])]
    while frames and Path(frames[0].library).name == _OURS:
        frames.pop(0)
    return [str(each).strip().removeprefix("native ") for each in frames if not is_loop(each.function)][:_MOST]
