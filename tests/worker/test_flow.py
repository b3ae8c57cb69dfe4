"""Awaits that are cut short, threads that end, floods, and what is released late: what they mean when a program runs."""

from __future__ import annotations

import gc
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import decode_record
from deadhand.model.program import Program, Ref, Step
from deadhand.target.loader import load
from deadhand.worker.runtime import Runtime
from deadhand.worker.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)

PLAN = """
    import asyncio, threading
    from deadhand import *
    from hypothesis import strategies as st

    class Box:
        def __init__(self):
            self.kept = []

    ASIDE = []

    class Boxes(Target):
        box = Handle()

        @creates(box)
        def make(self):
            return Box()

        @uses
        def check(self, box, value=st.text(), code=st.text()):
            assert eval(code), (value, code)

        @uses
        def put_aside(self, box):
            ASIDE.append(box)

        @ledger
        def alive(self):
            ASIDE.clear()
            return 0

        @uses
        def where(self, out=st.text()):
            with open(out, "a") as file:
                print(threading.current_thread().name, file=file)

        @uses
        async def carry(self, box):
            box.kept.append("begun")
            try:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            finally:
                box.kept.append("over")
            box.kept.append("done")

        @uses
        async def hear(self, box):
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            thread = threading.Thread(target=lambda: future.set_result(None))
            loop.call_soon(thread.start)  # when the future is waited for
            await future

        @uses
        async def fail_in_callback(self, box):
            asyncio.get_running_loop().call_soon(lambda: 1 / 0)
            await asyncio.sleep(0.001)

        @uses
        def pile_up(self, box, most=st.integers()):
            if len(box.kept) == most:
                raise BufferError("full")
            box.kept.append(bytes(1000))
"""

BOX = {"box": Ref("box_1")}
MAKE = Step(do="make", out="box_1")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., list[list[Any]]]]:
    """Run steps in this very process: the runtime needs no child of its own. Gives the events."""
    hooks = sys.unraisablehook, threading.excepthook
    plan = tmp_path / "plan.py"
    plan.write_text(textwrap.dedent(PLAN), encoding="utf-8")
    (tmp_path / "root").mkdir()
    workspace = Workspace(tmp_path / "root")
    records: list[bytes] = []
    runtime = Runtime(load(str(plan))[0], records.append, workspace, "debug")

    def execute(*steps: Step) -> list[list[Any]]:
        records.clear()
        runtime.run(Program.decode(Program(steps).encode()))
        return [event for record in records if (event := decode_record(record)) is not None]

    yield execute
    sys.unraisablehook, threading.excepthook = hooks
    workspace.remove()
    gc.enable()


def of(events: list[list[Any]], letter: str) -> list[list[Any]]:
    return [event[1:] for event in events if event[0] == letter]


def outcome(events: list[list[Any]], step: int) -> list[Any]:
    return next(event for event in events if event[0] in (H.RETURNED, H.RAISED, H.SKIPPED) and event[1] == step)


def check(value: str, code: str) -> Step:
    return Step(do="check", args=BOX | {"value": value, "code": code})


@pytest.mark.parametrize(
    ("flight", "pause", "kept", "raised"),
    [
        ("", 1, "begun over done", None),
        ("cancel", 1, "begun over", "asyncio.exceptions.CancelledError"),
        ("cancel", 2, "begun over", "asyncio.exceptions.CancelledError"),
        ("cancel", 3, "begun over done", None),
        ("drop", 1, "begun over", "deadhand.worker.flight.Cut"),
        ("close", 2, "begun over", "deadhand.worker.flight.Cut"),
        ("close", 3, "begun over done", None),
        ("bare", 1, "begun over", "deadhand.worker.flight.Cut"),
        ("bare", 9, "begun over done", None),
    ],
)
def test_an_await_ends_as_its_flight_says(run: Callable[..., list[list[Any]]], flight: str, pause: int, kept: str, raised: str | None) -> None:
    events = run(MAKE, Step(do="carry", args=BOX, flight=flight, pause=pause), check(kept, "box.kept == value.split()"))
    assert not of(events, H.LOST)
    assert outcome(events, 3)[0] == H.RETURNED, outcome(events, 3)
    ended = outcome(events, 2)
    assert (ended[2][0] if ended[0] == H.RAISED else None) == raised


def test_a_loop_tells_who_touches_it_and_what_it_lost(run: Callable[..., list[list[Any]]]) -> None:
    events = run(MAKE, Step(do="hear", args=BOX), Step(do="carry", args=BOX))
    assert of(events, H.FOREIGN) == [[2, "call_soon"]]
    assert outcome(events, 2)[0] == H.RETURNED
    (lost,) = of(run(MAKE, Step(do="fail_in_callback", args=BOX)), H.LOST)
    assert lost[0] == "event loop"
    assert lost[1][0] == "builtins.ZeroDivisionError"


def test_a_thread_ends_and_another_takes_its_number(run: Callable[..., list[list[Any]]], tmp_path: Path) -> None:
    where = Step(do="where", args={"out": str(tmp_path / "out")}, thread=1)
    end = Step(do="@end_thread", args={"thread": 1})
    events = run(end, where, end, where)
    assert [outcome(events, step)[0] for step in (1, 2, 3, 4)] == [H.SKIPPED, H.RETURNED, H.RETURNED, H.RETURNED]
    assert (tmp_path / "out").read_text().split() == ["deadhand-1", "deadhand-1"]


def test_a_flood_notes_what_is_in_use_unless_it_is_refused(run: Callable[..., list[list[Any]]]) -> None:
    flood = {"operation": "pile_up", "limit": 64} | BOX
    events = run(MAKE, Step(do="@flood", args=flood | {"most": 9999}))
    assert outcome(events, 2)[0] == H.RETURNED, outcome(events, 2)
    (seen,) = of(events, H.FLOOD)
    assert seen[:2] == [2, 64]
    assert len(seen[2]) == 4
    assert seen[2][3] - seen[2][0] >= 448 * 1000
    refused = run(MAKE, Step(do="@flood", args=flood | {"most": 100}))
    assert not of(refused, H.FLOOD)
    assert outcome(refused, 2)[2][0] == "builtins.BufferError"


def test_what_dies_when_the_library_is_called_again_was_released_late(run: Callable[..., list[list[Any]]]) -> None:
    events = run(MAKE, Step(do="put_aside", args=BOX))
    assert [event[1] for event in of(events, H.SURVIVOR)] == ["box_1"]
    assert of(events, H.LATE) == [[["box_1"]]]
    assert not of(run(MAKE), H.LATE)
