"""The scheduler: threads it did not start, the world outside, forks, signals, exits, and wrong use."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.model.status import DEADLOCK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only (2026-11-27)")


def test_threads_started_inside_are_adopted(child: Callable[..., Any]) -> None:
    said = child("""
        def start():
            inner = [threading.Thread(target=native.use_locked) for _ in range(2)]
            for each in inner:
                each.start()
            for each in inner:
                each.join()
        reports = [region(start, start, policy="walk", seed=1, length=40) for _ in range(50)]
        show([len({each["hash"] for each in reports}), reports[0]])
    """).said
    traces, report = said[0]
    assert (traces, report["control"]) == (1, "full")
    assert max(to for _, to in report["switches"]) > 2


def test_a_pool_started_inside_is_adopted_and_later_declared(child: Callable[..., Any]) -> None:
    said = child("""
        show(region(native.pool_run, native.pool_run))
        show(region(native.pool_run, native.pool_run))
    """).said
    assert said[0]["control"] == "full"
    assert said[1]["control"] == "partial"
    assert any("outside the region" in why for why in said[1]["why"])


def test_a_thread_outside_is_let_in_when_it_is_needed(child: Callable[..., Any]) -> None:
    said = child("""
        asked, answered = queue.SimpleQueue(), queue.SimpleQueue()
        def answer():
            while True:
                answered.put(asked.get() + 1)
        threading.Thread(target=answer, daemon=True).start()
        got = []
        def ask():
            asked.put(1)
            got.append(answered.get())
        show([region(ask, native.use_locked)["control"], got])
    """).said
    assert said == [["partial", [2]]]


def test_what_one_thread_writes_another_reads_in_order(child: Callable[..., Any]) -> None:
    said = child("""
        import select
        reading, writing = os.pipe()
        got = []
        def read():
            got.append(os.read(reading, 9).decode())
        def poll():
            poller = select.poll()
            poller.register(reading, select.POLLIN)
            got.append(len(poller.poll(60000)))
            os.read(reading, 9)
        show(region(read, lambda: os.write(writing, b"x")))
        show(region(poll, lambda: os.write(writing, b"x")))
        show(got)
    """).said
    assert [each["control"] for each in said[:2]] == ["full", "full"]
    assert said[2] == ["x", 1]


def test_waits_for_nothing_end_when_their_time_is_up(child: Callable[..., Any]) -> None:
    """As those of an event loop that only has a timer: nobody else goes on meanwhile, and yet time does."""
    said = child("""
        import asyncio, select
        reading, _ = os.pipe()
        got = []
        def poll():
            poller = select.poll()
            poller.register(reading, select.POLLIN)
            got.append(len(poller.poll(2)))
        async def wait():
            with_limit = asyncio.wait_for(asyncio.get_running_loop().create_future(), 0.002)
            got.append(isinstance((await asyncio.gather(with_limit, return_exceptions=True))[0], asyncio.TimeoutError))
        show(region(poll, poll)["control"])
        show(region(poll, lambda: asyncio.run(wait()))["control"])
        show(region(lambda: asyncio.run(wait()), lambda: asyncio.run(wait()), threads=[0, 1])["control"])
        show(got)
    """).said
    assert said[:3] == ["partial"] * 3
    assert sorted(said[3]) == [0, 0, 0, True, True, True]


def test_a_call_that_is_not_modelled_loses_the_token(child: Callable[..., Any]) -> None:
    said = child("""
        signal.signal(signal.SIGUSR1, lambda *_: None)
        libc = ctypes.CDLL(None)
        show(region(libc.pause, lambda: os.kill(os.getpid(), signal.SIGUSR1), threads=[0, 1]))
    """).said
    assert said[0]["control"] == "none"
    assert "not modelled" in said[0]["why"][0]


def test_a_signal_ends_a_wait_of_the_main_thread(child: Callable[..., Any]) -> None:
    said = child("""
        class Alarm(Exception):
            pass
        def ring(*_):
            raise Alarm
        signal.signal(signal.SIGALRM, ring)
        held, got = threading.Lock(), []
        held.acquire()
        def wait():
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            try:
                held.acquire()
            except Alarm:
                got.append("alarm")
        show([region(wait, native.use_locked, threads=[0, 1])["control"], got])
    """).said
    assert said == [["partial", ["alarm"]]]


def test_a_child_forked_inside_has_no_region_and_can_make_one(child: Callable[..., Any]) -> None:
    said = child("""
        this = scheduler.region(number=0, threads=[0, 1], policy="default", seed=0, depth=1, length=9, switches=[], budget=999)
        def other():
            this.enter(1)
            this.step(1)
            this.leave(1)
        thread = threading.Thread(target=other)
        thread.start()
        this.enter(0)
        this.step(0)
        pid = os.fork()
        native.use_locked()
        this.leave(0)
        if pid == 0:
            crew.clear()
            again = [region(native.use_locked, native.use_locked)["control"] for _ in range(3)]
            os._exit(again == ["full"] * 3 and 7)
        thread.join()
        show([this.report()["control"], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])])
    """).said
    assert said == [["partial", 7]]


def test_processes_can_be_started_and_waited_for(child: Callable[..., Any]) -> None:
    said = child("""
        import subprocess
        got = []
        def start():
            got.append(subprocess.run([sys.executable, "-c", "print(6)"], capture_output=True, check=True).stdout.decode())
        show([region(start, start)["control"], got])
    """).said
    assert said == [["partial", ["6\n", "6\n"]]]


def test_the_interpreter_can_exit_inside(child: Callable[..., Any]) -> None:
    child(
        """
        this = scheduler.region(number=0, threads=[0, 1], policy="default", seed=0, depth=1, length=9, switches=[], budget=999)
        def other():
            this.enter(1)
            this.step(1)
            time.sleep(5)
            this.leave(1)
        threading.Thread(target=other, daemon=True).start()
        this.enter(0)
        this.step(0)
        sys.exit(3)
        """,
        status=3,
    )


def test_a_thread_that_ends_without_leaving_holds_nobody_up(child: Callable[..., Any]) -> None:
    said = child("""
        this = scheduler.region(number=0, threads=[1, 2], policy="default", seed=0, depth=1, length=9, switches=[], budget=999)
        def ends():
            this.enter(1)
            this.step(1)
        def leaves():
            this.enter(2)
            this.step(1)
            this.leave(2)
        both = [threading.Thread(target=each) for each in (ends, leaves)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        show(this.report()["control"])
        show(region(native.use_locked, native.use_locked)["control"])
    """).said
    # On 3.10 a thread that ends wakes the one that joins it, which is outside.
    assert said[0] in ("full", "partial")
    assert said[1] == "full"


def test_a_library_loaded_later_is_controlled(child: Callable[..., Any], victim: Path) -> None:
    copy = victim.with_name("copy.so")
    shutil.copy(victim, copy)
    stuck = child(
        f"""
        def late(name):
            return lambda: getattr(ctypes.CDLL({str(copy)!r}), name)()
        for seed in range(300):
            region(late("one_two"), late("two_one"), policy="walk", seed=seed, length=30)
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1] == "deadlock"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("region(native.use_locked, policy='best')", "ValueError: \"best\" is no policy: pass default, replay"),
        ("region(native.use_locked, budget=0)", "ValueError: a budget of 0"),
        ("region(native.use_locked, threads=[])", "ValueError: a region needs"),
        ("region(native.use_locked, seed='x')", "TypeError: seed must be an int"),
        ("scheduler.disarm(); region(native.use_locked)", "RuntimeError: the scheduler is not armed"),
    ],
)
def test_wrong_use_is_refused(child: Callable[..., Any], code: str, error: str) -> None:
    said = child(f"""
        try:
            {code}
        except Exception as raised:
            show(f"{{type(raised).__name__}}: {{raised}}")
    """).said
    assert said[0].startswith(error)
