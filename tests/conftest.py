"""What every test of deadhand may use: plans written on the spot, lanes that are closed, and a look at what was left running."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.errors import TargetSkipped
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker import strays
from deadhand.worker.controller import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deadhand.target.describe import Description

SPECIMENS = Path(__file__).resolve().parents[1] / "native" / "specimens"
HEADER = """\
import ctypes, os, signal, sys, threading, time
from hypothesis import strategies as st
from deadhand import (Borrowed, Handle, Reentry, Target, creates, disposes, hostile, identity, invalidates, ledger,
                      raises, reads, unsafe, uses, works)
"""


def write_plan(folder: Path, body: str, name: str = "plan") -> Path:
    """Write a plan; `body` needs no imports."""
    path = folder / f"{name}.py"
    path.write_text(HEADER + textwrap.dedent(body), encoding="utf-8")
    return path


def running(word: str) -> list[int]:
    """The processes of the lane whose mark has this word."""
    return [pid for pid, mark in strays.marked() if mark.word == word]


def started_by(pid: int) -> list[int]:
    """The processes of all lanes of the controller `pid`."""
    return [each for each, mark in strays.marked() if mark.pid == pid]


def wait_until(condition: Callable[[], Any], seconds: float = 10.0) -> bool:
    """Whether `condition` comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def processes() -> SimpleNamespace:
    """What runs: `running(word)`, `started_by(pid)`, `is_alive(pid)`, `wait_until(condition, seconds)`."""
    return SimpleNamespace(running=running, started_by=started_by, is_alive=is_alive, wait_until=wait_until)


@pytest.fixture
def plan_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a plan: `plan_file('class T(Target): …')`; it needs no imports."""

    def make(body: str, name: str = "plan") -> Path:
        return write_plan(tmp_path, body, name)

    return make


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Description]:
    """Write a plan and load it: `plan('class T(Target): …')`."""

    def make(body: str, name: str = "plan", **options: Any) -> Description:
        return load(str(write_plan(tmp_path, body, name)), **options)[0]

    return make


@pytest.fixture(scope="session")
def specimen() -> Callable[[str, str], Description]:
    """Load a planted bug, or its fixed twin: `specimen("quack", "Bug")`; all are built first."""
    sys.path.insert(0, str(SPECIMENS))
    try:
        from build import build
    finally:
        sys.path.pop(0)
    build()

    def get(name: str, twin: str) -> Description:
        try:
            return load(f"{SPECIMENS / 'plans' / name}.py:{twin}")[0]
        except TargetSkipped as skipped:
            pytest.skip(f"{skipped.message} (2026-11-27)")

    return get


@pytest.fixture
def start_lane() -> Iterator[Callable[..., Lane]]:
    """Start a lane; it is closed at the end, and must then leave neither process nor folder."""
    lanes: list[Lane] = []

    def start(target: Description, mode: str = "stock", *, stacks: bool = False, **settings: Any) -> Lane:
        lane = Lane(target, mode, Settings(**settings), take_hang_stacks=stacks)
        lanes.append(lane)
        lane.start()
        return lane

    yield start
    for lane in lanes:
        close_clean(lane)


def close_clean(lane: Lane) -> None:
    """Close a lane and check that nothing of it is left."""
    mark, workspace = lane.mark, lane.workspace
    lane.close()
    if mark is not None:
        assert wait_until(lambda: not running(mark.word)), f"processes are left: {running(mark.word)}"
    if workspace:
        assert not os.path.lexists(workspace)
