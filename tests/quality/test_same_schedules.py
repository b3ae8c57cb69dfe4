"""One program and one schedule show the planted bug on every Python, each time the same way; `benchmarks/schedules.py` repeats it a thousand times."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadhand.model.program import Program, Ref, Step
from deadhand.model.schedule import Switch, replaying
from deadhand.oracles import judge
from deadhand.search.forced import fingerprint
from deadhand.search.matrix import can_control
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker.controller import Lane

SPECIMENS = Path(__file__).resolve().parents[2] / "native" / "specimens"
PINNED = {
    "cursor": ("open", "fetch", "close", [(8, 1)], "death"),
    "frame": ("create", "sum", "close", [(2, 1)], "death"),
    "page": ("open", "read", "close", [(10, 1)], "death"),
    "registry": ("add", "read", "remove", [(8, 1)], "death"),
    "scanner": ("open", "scan", "close", [(37, 1)], "death"),
    "tunnel": ("open", "close", "close", [(3, 1)], "ledger"),
    "meter": ("create", "refresh", "read", [(6, 1)], "deadlock"),
    "gauge": ("create", "poll", "level", [(3, 1)], "deadlock"),
    "catalog": ("open", "each", "add", [(17, 1)], "deadlock"),
    "outbox": ("open", "send", "flush", [(9, 1), (18, 0)], "deadlock"),
}
"""What makes the handle, the two steps that meet, the switches (decision, thread), and the oracle that sees it. Found on Python 3.11."""

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(not can_control(), reason="threads cannot be controlled here (2026-11-27)")]


@pytest.mark.parametrize("name", PINNED)
def test_a_schedule_means_the_same_on_every_python(name: str) -> None:
    make, first, second, switches, oracle = PINNED[name]
    target = load(f"{SPECIMENS / 'plans' / name}.py:Bug")[0]
    handle = {next(iter(target.kinds)): Ref("handle_1")}
    steps = (Step(make, out="handle_1"), Step(first, handle), Step(second, handle, thread=1, overlap=True))
    program = Program(steps, schedule=replaying(Switch(0, at, to) for at, to in switches))
    lane = Lane(target, "debug", Settings())
    lane.start()
    try:
        histories = [lane.run_one(program) for _ in range(3)]
    finally:
        lane.close()
    assert [sorted({each.oracle for each in judge(target, program, history)}) for history in histories] == [[oracle]] * 3
    assert len({fingerprint(history) for history in histories}) == 1
