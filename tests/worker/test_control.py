"""Overlapping steps under control in a real child: the same course each time, deadlocks named at once, finds made small."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import scheduling
from deadhand.model.program import Program, Ref, Step, replace
from deadhand.model.schedule import Schedule, Switch, replaying
from deadhand.oracles import judge
from deadhand.search.confirm import minimise
from deadhand.search.forced import fingerprint, self_check
from deadhand.search.schedules import Portfolio, pinned
from deadhand.search.trial import Trial
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker.control import DELAYED, LONGEST_DELAY, Control, delays
from deadhand.worker.controller import Lane
from deadhand.worker.node import Node
from deadhand.worker.threads import Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deadhand.model.history import History
    from deadhand.target.describe import Description

pytestmark = pytest.mark.timeout(120)

BANK = """
    import threading

    class Account:
        def __init__(self):
            self.left, self.right, self.asked, self.balance = threading.Lock(), threading.Lock(), threading.Lock(), 0

        def forth(self):
            with self.left:
                with self.right:
                    self.balance += 1

        def back(self):
            with self.right:
                with self.left:
                    self.balance -= 1

        def look(self):
            with self.asked:
                return self.balance
"""
PLAN = """
    import os, sys
    from deadhand import *
    sys.path.append(os.path.dirname(__file__))
    import bank

    class Bank(Target):
        module = bank
        account = Handle()

        @creates(account)
        def open(self):
            return bank.Account()

        @uses
        def forth(self, account):
            account.forth()

        @uses
        def back(self, account):
            account.back()

        @uses
        def look(self, account):
            return account.look()

        @uses
        def fork(self, account):
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
"""
ACCOUNT = {"account": Ref("account_1")}
OPEN = Step("open", out="account_1")
BACK = Step("back", ACCOUNT, thread=1, overlap=True)
MEETING = Program((OPEN, Step("forth", ACCOUNT), BACK))
CROWDED = Program((OPEN, Step("look", ACCOUNT), Step("look", ACCOUNT), Step("forth", ACCOUNT), BACK, Step("look", ACCOUNT, thread=2, overlap=True), Step("look", ACCOUNT)))


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    path = tmp_path_factory.mktemp("bank") / "plan.py"
    path.write_text(textwrap.dedent(PLAN), encoding="utf-8")
    path.with_name("bank.py").write_text(textwrap.dedent(BANK), encoding="utf-8")
    made = Lane(load(str(path))[0], "stock", Settings())
    made.start()
    yield made
    made.close()


def under(program: Program, schedule: Schedule) -> Program:
    changed: Program = replace(program, schedule=schedule)
    return changed


def deadlocked(lane: Lane, program: Program = MEETING) -> tuple[Program, History]:
    """The first schedule that deadlocks, of every single switch to the second thread."""
    for at in range(60):
        candidate = under(program, replaying([Switch(0, at, 1)]))
        history = lane.run_one(candidate)
        if any(each.oracle == "deadlock" for each in judge(lane.target, candidate, history)):
            return candidate, history
    pytest.fail("no single switch makes the two meet")


def test_the_default_never_switches_and_is_fully_controlled(lane: Lane) -> None:
    history = lane.run_one(under(MEETING, Schedule()))
    told = scheduling(history)
    assert history.complete
    assert (told.control, told.switches) == ("full", ())
    assert told.decisions[0] > 0


def test_a_deadlock_is_found_by_one_switch_and_named_at_once(lane: Lane) -> None:
    program, history = deadlocked(lane)
    (finding,) = judge(lane.target, program, history)
    assert (finding.oracle, finding.kind, finding.mad) == ("deadlock", "deadlock", "MAD-22")
    assert "thread 0 (step 2, forth)" in finding.detail
    assert "thread 1 (step 3, back)" in finding.detail
    assert scheduling(history).switches == program.schedule.switches if program.schedule else ()


def test_a_schedule_takes_the_same_course_every_time(lane: Lane) -> None:
    program, _ = deadlocked(lane)
    assert len({fingerprint(lane.run_one(program)) for _ in range(10)}) == 1
    for policy in ("pct", "pos", "surw", "walk"):
        drawn = under(CROWDED, Schedule(policy=policy, seed=11, depth=2, length=40))
        assert len({fingerprint(lane.run_one(drawn)) for _ in range(3)}) == 1
    assert self_check(lane, program) == ("full", ())


def test_what_a_policy_drew_is_replayed_by_its_switches(lane: Lane) -> None:
    for seed in range(8):
        drawn = under(CROWDED, Schedule(policy="walk", seed=seed))
        history = lane.run_one(drawn)
        again = lane.run_one(pinned(drawn, history))
        assert scheduling(again).diverged is None
        assert fingerprint(again) == fingerprint(history)


def test_many_schedules_of_one_program_in_one_child(lane: Lane) -> None:
    batch = lane.run([under(MEETING, Schedule(policy="replay", switches=()))] * 30)
    assert [each.complete for each in batch.histories] == [True] * 30
    assert {scheduling(each).hashes for each in batch.histories[1:]} == {scheduling(batch.histories[1]).hashes}


def test_one_step_after_another_never_deadlocks(lane: Lane) -> None:
    program = under(CROWDED, Schedule(mode="serial"))
    batch = lane.run([program] * 20)
    assert all(each.complete for each in batch.histories)
    begun = [event[1] for event in batch.histories[0].events if event[0] == "B"]
    assert begun == sorted(begun)


def test_a_find_is_made_small_in_steps_and_in_switches(lane: Lane) -> None:
    portfolio = Portfolio("controlled", 3, 400)
    for candidate in portfolio.scheduled(CROWDED, 400):
        history = lane.run_one(candidate)
        findings = judge(lane.target, candidate, history)
        if findings:
            break
    else:
        pytest.fail("400 schedules show nothing")
    found, shown = minimise(lane, pinned(candidate, history), findings[0], Settings(shrink_seconds=60.0), tries=1)
    assert [step.do for step in found.steps] in (["open", "forth", "back"], ["open", "back", "forth"])
    assert found.schedule is not None
    assert len(found.schedule.switches) == 1
    assert shown.oracle == "deadlock"
    assert Trial(lane, found, shown).count(found, 5)[0] == 5


def test_a_switch_that_cannot_be_made_is_said_and_the_rest_follows_the_default(lane: Lane) -> None:
    history = lane.run_one(under(MEETING, replaying([Switch(0, 2, 9)])))
    assert history.complete
    assert scheduling(history).diverged == (0, 2)


def test_a_fork_inside_a_region_ends(lane: Lane) -> None:
    program = Program((OPEN, Step("fork", ACCOUNT), Step("look", ACCOUNT, thread=1, overlap=True)))
    for seed in range(5):
        assert lane.run_one(under(program, Schedule(policy="walk", seed=seed))).complete


def test_a_thread_that_ends_last_leaves_the_others_looking(specimen: Callable[[str, str], Description], start_lane: Callable[..., Lane]) -> None:
    """A native thread that ended sent one that waits for events to look, and that one went on: nobody gave the token back to the dead, who were joined."""
    page = {"pager": Ref("pager_1")}
    steps = (
        Step(do="create", out="pager_1"),
        Step(do="page", args=page),
        Step(do="page", args=page, thread=1, overlap=True),
        Step(do="page", args=page, thread=2, overlap=True),
    )
    places = ((8, 2), (31, 1), (34, 0), (41, 2), (48, 1), (95, 4), (104, 4), (107, 5))  # as they hung on 3.11
    program = Program(steps, schedule=replaying([Switch(0, at, to) for at, to in places]))
    lane = start_lane(specimen("pager", "Fixed"), "debug")
    others = [replace(program, schedule=Schedule(policy=policy, seed=seed, depth=2, length=120)) for seed in range(20) for policy in ("pct", "walk", "surw")]
    for each in (program, *others):
        history = lane.run_one(each)
        assert history.death is None, (each.schedule, history.death)


def test_where_threads_cannot_be_controlled_they_are_held_back_and_the_history_says_so() -> None:
    """The group runs all the same, on free threads; the delays depend on nothing but the schedule."""
    events: list[list[object]] = []
    control = Control(lambda *event: events.append(list(event)), None, frozenset())
    control._refused = "threads cannot be controlled here: no slots"
    target_steps = [Node(1, Step("look"), None), Node(2, Step("look", thread=1, overlap=True), None)]
    crew, done = Crew(), []
    control.run(0, target_steps, Schedule(policy="pct", seed=5), crew, lambda node: done.append(node.number))
    crew.forget()
    assert sorted(done) == [1, 2]
    assert events == [[H.CONTROL, 0, "none", 0, 0, ["threads cannot be controlled here: no slots", DELAYED], None]]
    drawn = [delays(seed, 0, [0, 1, 2]) for seed in range(50)]
    assert drawn == [delays(seed, 0, [0, 1, 2]) for seed in range(50)]
    assert {frozenset(each) for each in drawn} == {frozenset({0, 1}), frozenset({0, 2}), frozenset({1, 2})}, "each thread goes first in some"
    sizes = [seconds for each in drawn for seconds in each.values()]
    assert all(1e-6 <= each <= LONGEST_DELAY for each in sizes)
    assert min(sizes) < 1e-5 < 1e-3 < max(sizes)
