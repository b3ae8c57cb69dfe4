"""The stacks of a hung child: native and Python frames, without ours."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deadhand.model.program import Hostile, Program, Ref, Step
from deadhand.worker import stacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.target.describe import Description
    from deadhand.worker.controller import Lane

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(stacks._pystack() is None, reason="pystack is not installed (seen 2026-11-21)"),
]

PLAN = """
    class Hangs(Target):
        thing = Handle()

        @creates(thing)
        def make(self):
            return object()

        @uses
        def without_gil(self, thing):
            ctypes.CDLL(None).pause()

        @uses
        def with_gil(self, thing):
            ctypes.PyDLL(None).pause()

        @uses
        def spin(self, thing):
            while True: pass

        @uses
        def call_back(self, thing, callback: Reentry):
            sorted([1, 2], key=callback)
"""
THING = {"thing": Ref("thing_1")}


def test_stacks_show_the_target_and_not_us(plan: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    lane = start_lane(plan(PLAN), stacks=True, hang_seconds=0.5)
    nested = Hostile("callback", body=(Step(do="without_gil", args=THING, thread=1),))
    for step, wanted in (
        (Step(do="without_gil", args=THING), ["in without_gil", "native _ctypes_callproc", "native pause"]),
        (Step(do="with_gil", args=THING), ["[Has the GIL]", "in with_gil", "native pause"]),
        (Step(do="spin", args=THING, thread=1), ["in spin: while True"]),
        (Step(do="call_back", args=THING | {"callback": nested}, thread=1), ["in call_back", "native list_sort", "in without_gil", "native pause"]),
    ):
        death = lane.run_one(Program((Step(do="make", out="thing_1"), step))).death
        assert death is not None
        assert death.kind == "hang"
        at = -1
        for each in wanted:
            if each.startswith("native list_sort") and each not in death.stacks:
                continue  # an interpreter without debugging symbols
            found = death.stacks.find(each, at + 1)
            assert found > at, f"{each!r} is not in its place in\n{death.stacks}"
            at = found
        assert death.stacks.count("thread ") == 1, "a thread that only waits is shown"
        for ours in ("zygote.py", "runtime.py", "threads.py", "_PyEval", "Py_RunMain", "hostile_values.py"):
            assert ours not in death.stacks


def test_a_process_that_cannot_be_looked_into_still_gives_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        assert stacks.take_stacks(sleeper.pid).startswith("no stacks: ")
        assert f"thread {sleeper.pid}: state S" in stacks.take_stacks(sleeper.pid)
        monkeypatch.setattr(stacks, "_pystack", lambda: None)
        assert stacks.take_stacks(sleeper.pid).startswith("no stacks: pystack is not installed")
    finally:
        sleeper.kill()
        sleeper.wait()
    assert stacks.kernel_view(sleeper.pid) == ""


def test_stacks_as_another_user(plan: Callable[..., Description], tmp_path: object) -> None:
    """As root everything may be traced; an ordinary user's controller must get stacks, too."""
    if os.geteuid() != 0:
        pytest.skip("this test run is itself an ordinary user's (2026-11-21)")
    code = (
        "import os, sys, ctypes\n"
        "from deadhand.worker.stacks import take_stacks\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    ctypes.CDLL(None).pause()\n"
        "import time; time.sleep(.3)\n"
        "print(os.geteuid(), take_stacks(pid))\n"
        "os.kill(pid, 9)\n"
    )
    # An ordinary user who may read the interpreter wherever it is installed, but may not trace others.
    setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search"]
    try:
        done = subprocess.run([*setpriv, sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        pytest.skip("setpriv is not installed (2026-11-21)")
    if "65534" not in done.stdout:
        pytest.skip(f"cannot become another user here (2026-11-21): {done.stderr[-200:]}")
    assert "native pause" in done.stdout, done.stdout
