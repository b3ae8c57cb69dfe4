"""The scheduler: what it finds in native code and at the GIL, repeats, and sees to be stuck.

Every child makes its regions as the harness does: threads of a crew enter, run steps, and leave.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.model.status import DEADLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only (2026-11-27)")

CRASH = -11


def test_arming_says_what_it_did_and_disarming_undoes_it(child: Callable[..., Any]) -> None:
    said = child("""
        show(scheduler.status())
        scheduler.disarm()
        show(scheduler.status())
        _native.Scheduler.arm()
        show(scheduler.status())
        show(region(native.use_locked, native.use_locked))
    """).said
    assert said[0]["gil"]
    assert said[0]["slots"] > 20
    assert {why for _, why in said[0]["skipped"]} >= {"the dynamic linker", "the C library"}
    assert said[1] == {"slots": 0, "objects": 0, "skipped": [], "gil": False}
    assert said[2] == said[0]
    assert said[3]["control"] == "full"


def test_the_default_runs_one_thread_after_the_other(child: Callable[..., Any]) -> None:
    said = child("""
        log = []
        def body(name):
            def run():
                for _ in range(3):
                    native.use_locked()
                    log.append(name)
            return run
        report = region(body("a"), body("b"))
        show([log, report])
    """).said
    log, report = said[0]
    assert log == ["a", "a", "a", "b", "b", "b"]
    assert report["switches"] == []
    assert (report["control"], report["why"], report["diverged"]) == ("full", [], None)


@pytest.mark.parametrize("policy", ["pct", "pos", "surw", "walk"])
def test_a_seed_is_one_trace_and_its_switches_are_too(child: Callable[..., Any], policy: str) -> None:
    said = child(f"""
        def run(**options):
            page = Page()
            return region(native.use_locked, page.close, native.use_locked, length=20, **options)
        reports = [run(policy={policy!r}, seed=4) for _ in range(100)]
        switches = reports[0]["switches"]
        replays = [run(policy="replay", switches=switches) for _ in range(100)]
        show([reports[0], len({{each["hash"] for each in reports + replays}}), {{each["control"] for each in reports}} == {{"full"}}])
        show(len({{run(policy={policy!r}, seed=seed)["hash"] for seed in range(30)}}))
    """).said
    report, traces, full = said[0]
    assert traces == 1
    assert full
    assert report["decisions"] > 3
    assert said[1] > 5


@pytest.mark.parametrize("policy", ["pct", "pos", "surw", "walk"])
def test_the_window_without_the_gil_is_found_and_replayed(child: Callable[..., Any], policy: str) -> None:
    """Of width zero: free-running threads do not find it in 15,000 runs."""
    found = child(
        f"""
        for seed in range(200):
            journal.reset()
            page = Page()
            region(page.use, page.close, policy={policy!r}, seed=seed, length=6)
        """,
        status=CRASH,
    )
    again = child(
        f"""
        page = Page()
        region(page.use, page.close, policy="replay", switches={found.switches})
        """,
        status=CRASH,
    )
    assert again.switches == found.switches


def test_one_switch_is_enough_for_the_window(child: Callable[..., Any]) -> None:
    found = [
        at
        for at in range(8)
        if child(f"page = Page()\nregion(page.use, page.close, policy='replay', switches=[({at}, 2)])", status=None).status == CRASH
    ]
    assert len(found) == 1


def test_a_correct_program_is_silent(child: Callable[..., Any]) -> None:
    said = child("""
        guard = threading.Lock()
        def guarded(call):
            def run():
                with guard:
                    call()
            return run
        control = set()
        for seed in range(1000):
            page = Page()
            policy = ("pct", "pos", "surw", "walk")[seed % 4]
            journal.reset()
            control.add(region(guarded(page.use), guarded(page.close), native.use_locked, policy=policy, seed=seed)["control"])
        show(sorted(control))
    """).said
    assert said == [["full"]]


def test_a_deadlock_of_the_gil_and_a_mutex_names_both(child: Callable[..., Any]) -> None:
    stuck = child(
        """
        nothing = ctypes.CFUNCTYPE(None)(lambda: None)
        for seed in range(200):
            region(with_gil.use_locked, lambda: native.call_locked(nothing), policy="walk", seed=seed)
        """,
        status=DEADLOCK,
    ).stuck
    kind, _, rows = stuck[1:]
    assert kind == "deadlock"
    assert rows == [
        [1, 1, "pthread_mutex_lock", 2, "mutex 1"],
        [2, 2, "PyEval_RestoreThread", 1, "the GIL"],
    ]


def test_a_deadlock_of_two_mutexes_is_seen_while_others_run(child: Callable[..., Any]) -> None:
    stuck = child(
        """
        for seed in range(300):
            region(native.one_two, native.two_one, native.read_briefly, policy="walk", seed=seed)
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1] == "deadlock"
    assert {(row[0], row[3]) for row in stuck[3]} >= {(1, 2), (2, 1)}
    assert {row[4] for row in stuck[3] if row[0] != 3} == {"mutex 1", "mutex 2"}


def test_a_deadlock_of_python_locks_is_one(child: Callable[..., Any]) -> None:
    stuck = child(
        """
        one, two = threading.Lock(), threading.Lock()
        def nested(first, second):
            def run():
                with first:
                    time.sleep(1)
                    with second:
                        pass
            return run
        region(nested(one, two), nested(two, one))
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1] == "deadlock"
    assert [row[3] for row in stuck[3]] == [2, 1]


def test_a_thread_that_waits_for_itself_is_a_deadlock(child: Callable[..., Any]) -> None:
    assert child("region(native.upgrade)", status=DEADLOCK).stuck[3] == [[1, 1, "pthread_rwlock_wrlock", 1, "rwlock 1"]]


def test_a_lost_wake_up_is_found_and_its_fixed_twin_is_silent(child: Callable[..., Any]) -> None:
    stuck = child(
        """
        for seed in range(300):
            native.reset()
            region(native.wait_ready, native.set_ready, policy="walk", seed=seed)
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1:] == ["lost wake-up", 0, [[1, 1, "pthread_cond_wait", -1, "condition 1"]]]
    child("""
        for seed in range(300):
            native.reset()
            region(native.wait_right, native.set_ready, policy="walk", seed=seed)
    """)


def test_threads_that_only_poll_are_a_livelock(child: Callable[..., Any]) -> None:
    stuck = child("native.hold()\nregion(native.spin, native.spin, budget=1000)", status=DEADLOCK).stuck
    assert stuck[1] == "livelock"
    assert len(stuck[3]) == 2


def test_sleeps_take_no_time_and_keep_their_order(child: Callable[..., Any]) -> None:
    said = child("""
        log = []
        def nap(seconds):
            def run():
                before = time.monotonic()
                time.sleep(seconds)
                log.append([seconds, time.monotonic() - before >= seconds])
            return run
        report = region(nap(7200), nap(3600), nap(1))
        show([log, report["control"]])
    """).said
    assert said == [[[[1, True], [3600, True], [7200, True]], "full"]]


def test_pure_bytecode_is_preempted_by_the_gils_own_request(child: Callable[..., Any]) -> None:
    said = child("""
        def run(at):
            log = []
            def long():
                log.append("in")
                _native.schedule_point()
                for _ in range(100000):
                    if len(log) > 1:
                        return
                log.append("never interrupted")
            report = region(long, lambda: log.append("other"), policy="replay", switches=[(at, 2)])
            return log, report["control"]
        show([run(at) for at in range(1, 6)])
    """).said
    assert [["in", "other"], "full"] in said[0]
    assert all(control == "full" for _, control in said[0])


def test_points_in_python_are_decisions(child: Callable[..., Any]) -> None:
    said = child("""
        def run(**options):
            log = []
            def body(name):
                def run():
                    for _ in range(3):
                        _native.schedule_point()
                        log.append(name)
                return run
            report = region(body("a"), body("b"), **options)
            return "".join(log), report["hash"]
        _native.schedule_point()
        show([run(policy="walk", seed=seed) for seed in range(40)])
        show([run(policy="walk", seed=seed) for seed in range(40)])
    """).said
    assert said[0] == said[1]
    assert len({log for log, _ in said[0]}) > 5


def test_the_guard_says_where_handles_are_used_and_freed(child: Callable[..., Any]) -> None:
    """Its points are the scheduler's: each is a decision, and it is told which handle it is at."""
    said = child("""
        store = _native.Store.in_memory()
        def read():
            store.read().close()
        stops = region(read, read)["stops"]
        uses = [each for each in stops if each[3] in ("acquire", "release") and each[4]]
        show([bool(uses), any(each[3] == "free" for each in stops), len({each[0] for each in uses if each[0] >= 0}) > 1])
        scheduler.disarm()
        store.read().close()
    """).said
    assert said == [[True, True, True]]
