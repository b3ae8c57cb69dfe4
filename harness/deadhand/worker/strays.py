"""Processes that outlived their controller or their zygote, told by a mark in the environment that fork hands on.

A zygote cleans up after its children, also when its controller is killed. This is for when the zygote itself is gone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "DEADHAND_LANE"
_ROUNDS = 50
_PROC = Path("/proc")


@dataclass(frozen=True)
class Mark:
    """What marks the processes of one lane: a word of its own, its controller's pid and start, and the pid namespace."""

    word: str
    pid: int
    started: str
    space: str

    @classmethod
    def fresh(cls) -> Mark:
        """A mark for a lane of this process."""
        return cls(secrets.token_hex(8), os.getpid(), _started(os.getpid()), _space())

    @property
    def text(self) -> str:
        """As it stands in the environment."""
        return f"{self.word}:{self.pid}:{self.started}:{self.space}"

    @property
    def is_orphaned(self) -> bool:
        """Whether the controller is gone. A mark from another pid namespace says nothing."""
        return self.space == _space() and _started(self.pid) != self.started


def kill_marked(mark: Mark) -> int:
    """Kill every process of a lane whose zygote is gone; returns how many. Does not wait for them to be reaped."""
    return _kill(lambda each: each.word == mark.word)


def kill_strays() -> int:
    """Kill every process whose controller is gone; returns how many."""
    return _kill(lambda each: each.is_orphaned)


def _kill(wanted: Callable[[Mark], bool]) -> int:
    """Until a round finds none, and nothing was forked during it: a parent may fork after its child's place in the list was passed, and end before its own is read."""
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        newest = _newest_pid()
        found = [pid for pid, mark in marked() if wanted(mark)]
        if not found and newest == _newest_pid():
            break
        for pid in found:
            killed.add(pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    return len(killed)


def marked() -> list[tuple[int, Mark]]:
    """Every living process with a mark, this one left out."""
    found = []
    wanted = f"{VARIABLE}=".encode()
    for name in os.listdir(_PROC) if _PROC.is_dir() else ():  # noqa: PTH208  names are all that is wanted
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            data = (_PROC / name / "environ").read_bytes()
        except OSError:
            continue
        at = data.find(wanted)
        if at < 0 or (at > 0 and data[at - 1] != 0):
            continue
        mark = _parse(data[at + len(wanted) :].partition(b"\0")[0].decode("ascii", "replace"))
        if mark is not None and not _is_zombie(name):
            found.append((int(name), mark))
    return found


def _newest_pid() -> str:
    """The process or thread id given out last; see proc(5), loadavg."""
    try:
        return (_PROC / "loadavg").read_text(encoding="ascii").split()[-1]
    except (OSError, IndexError):
        return ""


def _parse(text: str) -> Mark | None:
    parts = text.split(":")
    if len(parts) != 4 or not parts[1].isdigit():
        return None
    return Mark(parts[0], int(parts[1]), parts[2], parts[3])


def _stat(pid: int | str) -> list[str]:
    try:
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    return bool(_started(pid))


def _started(pid: int) -> str:
    """When a process was started, in clock ticks since boot; empty when there is none."""
    fields = _stat(pid)
    return "" if not fields or fields[0] == "Z" else fields[19]


def _is_zombie(pid: str) -> bool:
    fields = _stat(pid)
    return not fields or fields[0] == "Z"


def _space() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return ""
