"""Schedules as data: what is written into cases, how programs are given them, and how they are told; without a single child."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deadhand.errors import CaseError
from deadhand.model import history as H  # noqa: N812
from deadhand.model.case import Case, decode_case
from deadhand.model.history import Death, History, Scheduling, Stuck, dying_step, scheduling
from deadhand.model.program import Program, Ref, Step, replace
from deadhand.model.schedule import POLICIES, Schedule, Switch, renumbered, replaying
from deadhand.oracles.deadlock import circle
from deadhand.report.lanes import lane_rows
from deadhand.search.exploration import Exploration, turned
from deadhand.search.forced import carried, fingerprint, is_controlled, later
from deadhand.search.schedules import Portfolio, how_scheduled, label, pinned
from deadhand.worker.records import read_groups

pytestmark = pytest.mark.timeout(60)

BOX = {"box": Ref("box_1")}
MAKE = Step("make", out="box_1")
PAIR = Program((MAKE, Step("use", BOX), Step("close", BOX, thread=1, overlap=True)))
TWO_GROUPS = Program((*PAIR.steps, Step("look", BOX), Step("use", BOX, thread=2, overlap=True)))


def ran(program: Program, *, decisions: int = 4, control: str = "full", why: tuple[str, ...] = (), raised: int = 0) -> History:
    """A complete history in which every step came back, but for `raised`."""
    events: list[list[Any]] = [[H.PHASE, "steps"]]
    for number, step, _ in program.walk():
        events.append([H.BEGIN, number, step.thread])
        events.append([H.RAISED, number, ["builtins.ValueError"], "", False] if number == raised else [H.RETURNED, number, None, None, None, None])
    events += [[H.CONTROL, region, control, 7, decisions, list(why), None] for region in range(len(program.regions()))]
    return History(events, "stock", True)


# --- data ------------------------------------------------------------------------------------------------------------


def test_a_program_without_a_schedule_is_written_as_ever() -> None:
    assert PAIR.encode() == (
        b'{"steps":[{"do":"make","out":"box_1"},{"do":"use","args":{"box":{"t":"handle","name":"box_1"}}},'
        b'{"do":"close","args":{"box":{"t":"handle","name":"box_1"}},"thread":1,"overlap":true}]}'
    )
    assert Case.format_of(PAIR) == 1


@pytest.mark.parametrize("policy", POLICIES)
def test_a_schedule_survives_the_round_trip(policy: str) -> None:
    program = replace(PAIR, schedule=Schedule(policy=policy, seed=2**64 - 1, depth=3, length=90, switches=(Switch(0, 7, 1),)))
    assert Program.decode(program.encode()) == program
    case = Case(Case.format_of(program), "p.py:T", program, control="partial", why=("a thread of its own",))
    assert case.format == 2
    assert decode_case(case.encode(), "c.json") == case


@pytest.mark.parametrize(
    ("schedule", "what"),
    [
        ({"version": 9}, "version 9"),
        ({"mode": "chaos"}, "mode 'chaos'"),
        ({"policy": "magic"}, "policy 'magic'"),
        ({"seed": -1}, "negative"),
        ({"switches": [{"region": 0, "at": -3, "to": 1}]}, "negative"),
    ],
)
def test_a_schedule_from_a_stranger_is_looked_at(schedule: dict[str, Any], what: str) -> None:
    text = json.dumps({"format": 2, "target": "p.py:T", "program": {"steps": [{"do": "a"}], "schedule": schedule}})
    with pytest.raises(CaseError, match=what):
        decode_case(text.encode(), "c.json")


def test_the_groups_of_a_program() -> None:
    assert Program((MAKE,)).regions() == []
    assert TWO_GROUPS.regions() == [range(1, 3), range(3, 5)]


def test_switches_follow_their_groups() -> None:
    switches = (Switch(0, 3, 1), Switch(1, 5, 2))
    assert renumbered(switches, {1: 0}) == (Switch(0, 5, 2),)
    pinned_to_both = replace(TWO_GROUPS, schedule=replaying(switches))
    assert carried(pinned_to_both, replace(TWO_GROUPS, steps=(MAKE, *TWO_GROUPS.steps[3:]))) == (Switch(0, 5, 2),)
    assert carried(pinned_to_both, replace(TWO_GROUPS, steps=TWO_GROUPS.steps[1:])) == switches


# --- histories -------------------------------------------------------------------------------------------------------


def test_the_records_of_the_scheduler() -> None:
    events: list[list[Any]] = [[H.SWITCH, 0, 3, 1], [H.CONTROL, 0, "full", 2**64 - 1, 12, [], None], [H.CONTROL, 1, "partial", 5, 9, ["a pool"], 4]]
    told = scheduling(History(events, "stock"))
    assert told == Scheduling((Switch(0, 3, 1),), "partial", ("a pool",), (2**64 - 1, 5), (12, 9), (1, 4))
    assert scheduling(History([], "stock")) == Scheduling()


@pytest.mark.parametrize(
    "record",
    [[H.SWITCH, 0, "3", 1], [H.STUCK, "deadlock", 0, [[0, 2, "lock", 1]]], [H.STUCK, "deadlock", 0, ["x"]], [H.CONTROL, 0, "full", 1, 2, None, None], [H.IDENT, 0], [H.STOPS, 0, [[1, 3, 0, "step"]]]],
)
def test_forged_records_are_damage(record: list[Any]) -> None:
    encode = H.msgspec.msgpack.encode
    groups, damage = read_groups([encode([H.PROGRAM, 0]), encode(record)], None)
    assert groups == [[]]
    assert damage


def test_the_step_of_the_thread_that_died() -> None:
    events: list[list[Any]] = [[H.IDENT, 0, 0xAA], [H.IDENT, 1, 0xBB], [H.BEGIN, 2, 0], [H.BEGIN, 3, 1]]

    def after(stderr: str) -> int:
        return dying_step(History(events, "stock", death=Death("signal", "SIGSEGV", stderr)))

    assert after("") == 3
    assert after("Thread 0x00000000000000bb (most recent call first):\n\nCurrent thread 0x00000000000000aa (most recent call first):\n") == 2
    assert after("Current thread 0x00000000000000cc (most recent call first):\n") == 3, "a thread of the library's own"


def test_two_runs_of_one_schedule_agree_in_everything() -> None:
    first, other = ran(PAIR), ran(PAIR, decisions=5)
    assert fingerprint(first) == fingerprint(ran(PAIR))
    assert fingerprint(first) != fingerprint(other)
    assert fingerprint(first) != fingerprint(History([[H.SWITCH, 0, 1, 1], *first.events], "stock", True))


def test_a_circle_of_waiting() -> None:
    apart = Stuck(2, 4, "lock", 0, "mutex 1")
    ring = [Stuck(0, 3, "lock", 1, "the GIL"), Stuck(1, 2, "lock", 0, "mutex 1")]
    assert circle([apart, *ring]) == [ring[1], ring[0]]
    assert circle([Stuck(0, 2, "wait", -1, "condition 1")]) == []


# --- schedules for programs ------------------------------------------------------------------------------------------


def test_modes() -> None:
    alone = Program((MAKE, Step("use", BOX)))
    for mode in ("mixed", "controlled", "serial", "free"):
        assert Portfolio(mode, 1, 6).scheduled(alone, 40) == [alone]
        assert Portfolio(mode, 1, 6).only(alone) == alone
    assert Portfolio("free", 1, 6).scheduled(PAIR, 40) == [PAIR]
    assert [each.schedule for each in Portfolio("serial", 1, 6).scheduled(PAIR, 40)] == [Schedule(mode="serial")]
    mixed = [label(each.schedule) for each in Portfolio("mixed", 1, 12).scheduled(PAIR, 40)]
    assert set(mixed) == {"pct-1", "pct-2", "pct-3", "pos", "surw", "walk", "free"}
    assert "free" not in {label(each.schedule) for each in Portfolio("controlled", 1, 12).scheduled(PAIR, 40)}


def test_schedules_are_as_many_as_there_is_room_and_repeatable() -> None:
    first, again, other = (Portfolio("mixed", number, 6).scheduled(PAIR, 40) for number in (1, 1, 2))
    assert len(first) == 6
    assert first == again != other
    assert len(Portfolio("mixed", 1, 6).scheduled(PAIR, 2)) == 2
    assert len(Portfolio("mixed", 1, 6).scheduled(replace(PAIR, ending="exit"), 40)) == 1
    assert Portfolio("mixed", 1, 6).only(PAIR) == Portfolio("mixed", 2, 6).only(PAIR), "what Hypothesis shrinks must not change its mind"


def stopped(*stops: tuple[int, int, int, str, int], diverged: int | None = None) -> History:
    """A run that tells its stops: (decision, able, thread, sort, lock) for each; `diverged` is a switch that could not be made."""
    return History([[H.CONTROL, 0, "full", 1, len(stops), [], diverged], [H.STOPS, 0, [list(each) for each in stops]], [H.DONE]], "stock", True)


def switched(program: Program, met: tuple[tuple[int, int, int, str, int], ...]) -> History:
    """A run of one of an exploration's programs: a look is told all stops, a replay those of the switches that it could make."""
    wanted = [switch.at for switch in program.schedule.switches] if program.schedule is not None else []
    missed = next((at for at in wanted[:1] if all(stop[0] != at for stop in met)), None)
    return stopped(*met) if program.schedule == Schedule() else stopped(*(stop for stop in met if stop[0] in wanted), diverged=missed)


MET = ((1, 3, 0, "step", 0), (2, 3, 0, "acquire", 1), (3, 3, 0, "free", 0), (-1, 0, 0, "end", 0), (-1, 0, 1, "acquire", 1))


def explore(exploration: Exploration, suspicious: bool = False, met: tuple[tuple[int, int, int, str, int], ...] = MET) -> list[Program]:
    """All its programs, in order; each run stops as `met` says."""
    found: list[Program] = []
    while (program := exploration.next()) is not None and len(found) < 1000:
        exploration.learn(program, switched(program, met), suspicious=suspicious)
        found.append(program)
    assert exploration.over
    return found


def test_a_pair_is_explored_both_ways_round() -> None:
    swapped = turned(PAIR)
    assert swapped is not None
    assert [(step.do, step.thread, step.overlap) for step in swapped.steps[1:]] == [("close", 0, False), ("use", 1, True)]
    assert turned(swapped) == PAIR
    tried = explore(Exploration(PAIR, 1))
    assert [each.schedule for each in tried[:2]] == [Schedule(), Schedule()]
    for steps in (PAIR.steps, swapped.steps):
        ones = [each.schedule.switches for each in tried if each.steps == steps and each.schedule is not None and len(each.schedule.switches) == 1]
        assert sorted(ones) == [(Switch(0, at, 1),) for at in (1, 2, 3)], "each switch that can be made, once"
        assert ones[0] == (Switch(0, 2, 1),), "first the lock that both threads take"
        twos = [each.schedule.switches for each in tried if each.steps == steps and each.schedule is not None and len(each.schedule.switches) == 2]
        assert twos == [(Switch(0, 2, 1), Switch(0, 5, 0))], "away at the lock, and back where the other thread comes to it"
    assert {label(each.schedule) for each in tried} == {"sweep", "surw", "pos", "walk", "pct-2", "pct-3"}
    assert tried == explore(Exploration(PAIR, 1)) != explore(Exploration(PAIR, 2))


WINDOW = (
    (1, 3, 0, "step", 0),
    (2, 3, 0, "detach", 0),
    (3, 3, 0, "acquire", 1),
    (4, 3, 0, "release", 1),
    (5, 3, 0, "acquire", 2),
    (6, 3, 0, "release", 2),
    (7, 3, 0, "acquire", 1),
    (8, 3, 0, "release", 1),
    (9, 3, 0, "attach", 0),
    (-1, 0, 0, "end", 0),
    (-1, 0, 1, "acquire", 1),
    (-1, 0, 1, "release", 1),
)
"""A thread that takes a lock twice, another one of its own between, without the GIL; and one that takes it once."""


def test_what_promises_most_is_the_opening() -> None:
    """Where a thread wants the GIL back, or let a shared lock go; then out of the window between two takings of it, and back from the other's release."""
    exploration = Exploration(PAIR, 1)
    opening = []
    while exploration.opening and (program := exploration.next()) is not None:
        exploration.learn(program, switched(program, WINDOW), suspicious=False)
        opening.append(program.schedule.switches if program.schedule is not None else ())
    looks, first, second, twos = opening[:2], opening[2:5], opening[5:8], opening[8:12]
    assert looks == [(), ()]
    assert sorted(first) == sorted(second) == [(Switch(0, at, 1),) for at in (4, 8, 9)]
    assert sorted(twos[:2]) == sorted(twos[2:]) == [(Switch(0, 4, 1), Switch(0, at, 0)) for at in (9, 13)]
    assert len(opening) == 13, "the first turn that is no opening ends it"
    assert not exploration.dull


def test_a_pair_that_never_meets_is_dull_at_once() -> None:
    exploration = Exploration(PAIR, 1)
    for _ in range(3):
        program = exploration.next()
        assert program is not None
        exploration.learn(program, switched(program, ((1, 3, 0, "step", 0), (2, 3, 0, "marked", 0), (-1, 0, 0, "end", 0))), suspicious=False)
    assert not exploration.opening
    assert exploration.dull


def test_it_is_looked_again_when_switches_are_made_elsewhere() -> None:
    """A library that did once per process what it does: all its later stops are two decisions earlier."""
    cold = (*((at, 3, 0, "acquire", 3) for at in (1, 2)), *((at + 2 if at > 0 else at, *rest) for at, *rest in WINDOW))
    exploration = Exploration(PAIR, 1)
    tried = []
    for number in range(30):
        program = exploration.next()
        assert program is not None
        exploration.learn(program, switched(program, cold if number < 2 else WINDOW), suspicious=False)
        tried.append(program.schedule)
    looks = [number for number, schedule in enumerate(tried) if schedule == Schedule()]
    assert looks == [0, 1, 4, 10], "once for each order, after two runs in a row that stopped elsewhere"
    for look in looks[2:]:
        assert sorted(each.switches for each in tried[look + 1 : look + 4] if each is not None) == [(Switch(0, at, 1),) for at in (4, 8, 9)]


def test_a_switch_that_the_default_makes_is_no_miss() -> None:
    """Where the thread yields, the default goes to the other one; nothing is told of such a switch."""
    exploration = Exploration(PAIR, 1)
    tried = []
    while (program := exploration.next()) is not None:
        exploration.learn(program, stopped(*WINDOW) if program.schedule == Schedule() else stopped(), suspicious=False)
        tried.append(program)
    assert [each.schedule for each in tried].count(Schedule()) == 2
    assert len({each.encode() for each in tried}) == len(tried)


def test_no_switch_is_lost_when_it_is_looked_again() -> None:
    """Whichever two runs in a row stopped elsewhere: each single switch of either order is made where it was meant."""
    for start in range(2, 40):
        exploration = Exploration(PAIR, 1)
        made: set[tuple[str, int]] = set()
        number = 0
        while (program := exploration.next()) is not None:
            elsewhere = start <= number < start + 2 and program.schedule is not None and program.schedule.policy == "replay"
            history = stopped((99, 3, 0, "step", 0)) if elsewhere else switched(program, WINDOW)
            exploration.learn(program, history, suspicious=False)
            if not elsewhere and program.schedule is not None and program.schedule.policy == "replay" and len(program.schedule.switches) == 1:
                made.add((program.steps[1].do, program.schedule.switches[0].at))
            number += 1
        assert made == {(do, at) for do in ("use", "close") for at in range(1, 10)}, start


def test_a_look_that_came_to_no_end_changes_nothing() -> None:
    exploration = Exploration(PAIR, 1)
    for _ in range(2):
        look = exploration.next()
        assert look is not None
        exploration.learn(look, switched(look, WINDOW), suspicious=False)
        exploration.learn(replace(look), History([], "stock", death=Death("signal", "SIGKILL")), suspicious=False)
    assert sorted(each.schedule.switches for each in (exploration.next() for _ in range(3)) if each is not None and each.schedule is not None) == [(Switch(0, at, 1),) for at in (4, 8, 9)]


def test_one_run_that_stopped_elsewhere_is_made_again() -> None:
    exploration = Exploration(PAIR, 1)
    tried = []
    for number in range(40):
        program = exploration.next()
        assert program is not None
        exploration.learn(program, stopped((7, 3, 1, "free", 0)) if number == 2 else switched(program, WINDOW), suspicious=False)
        tried.append(program)
    assert tried.count(tried[2]) == 2
    assert [each.schedule for each in tried].count(Schedule()) == 2


class Some:
    """Pairs of a target that is not there."""

    def __init__(self, *programs: Program) -> None:
        self.pairs = list(programs)
        self.given = iter(programs)

    def next(self) -> Program | None:
        return next(self.given, None)


def test_every_pair_is_opened_before_one_is_explored_further() -> None:
    some = [Program((MAKE, Step(f"use_{number}", BOX), Step("close", BOX, thread=1, overlap=True))) for number in range(30)]
    portfolio = Portfolio("mixed", 1, 6, Some(*some))  # type: ignore[arg-type]
    opened: dict[str, list[int]] = {}
    ran_ = 0
    while (len(opened) < 30 or max(len(each) for each in opened.values()) < 20) and (batch := portfolio.explored(40)):
        for each in batch:
            ran_ += 1
            opened.setdefault(next(step.do for step in each.steps if step.do.startswith("use_")), []).append(ran_)
            portfolio.learn(each, switched(each, WINDOW), suspicious=False)
    assert len(opened) == 30
    last = max(each[11] for each in opened.values())
    beyond = sum(number < last for each in opened.values() for number in each[14:])
    assert beyond <= 40, "not more than what a batch takes while it waits for answers"


def test_a_childs_first_programs_are_looked_at_again_when_it_is_warm() -> None:
    some = [Program((MAKE, Step(do, BOX), Step(other, BOX, thread=1, overlap=True))) for do, other in (("use", "close"), ("close", "close"), ("use", "use"))]
    batch = Portfolio("mixed", 1, 6, Some(*some)).explored(40)  # type: ignore[arg-type]
    met = [tuple(step.do for step in each.steps[1:]) for each in batch]
    assert sorted(set(met[:4])) == [("close", "close"), ("close", "use"), ("use", "close"), ("use", "use")]
    assert met[4:] == [("use", "close")], "the others had run all that they call before"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 10])
def test_a_batch_keeps_room_for_what_the_generator_writes(size: int) -> None:
    some = [Program((MAKE, Step(f"use_{number}", BOX), Step("close", BOX, thread=1, overlap=True))) for number in range(30)]
    assert len(Portfolio("mixed", 1, 6, Some(*some)).explored(size)) < size  # type: ignore[arg-type]


def test_two_equal_steps_have_one_order() -> None:
    same = Program((MAKE, Step("close", BOX), Step("close", BOX, thread=1, overlap=True)))
    assert [each.schedule for each in explore(Exploration(same, 1))].count(Schedule()) == 1


def test_an_exploration_ends_when_its_pair_is_known_or_cannot_meet() -> None:
    assert len(explore(Exploration(PAIR, 1), suspicious=True)) == 3
    skipped = Exploration(PAIR, 1)
    first = skipped.next()
    assert first is not None
    skipped.learn(first, History([[H.SKIPPED, 1, "box_1 is not held"]], "stock", True), suspicious=False)
    assert skipped.over
    assert skipped.next() is None


def test_a_pair_that_a_random_program_met_is_explored_once_and_beside_others() -> None:
    portfolio = Portfolio("mixed", 1, 6)
    random = replace(PAIR, schedule=Schedule(policy="pct", seed=1, depth=2))
    for _ in range(2):
        portfolio.learn(random, ran(PAIR), suspicious=False)
    total = 0
    while batch := portfolio.explored(40):
        assert len(batch) <= 10
        total += sum(each.schedule == Schedule() for each in batch)
        for each in batch:
            portfolio.learn(each, switched(each, MET), suspicious=False)
    assert total == 3, "one run of each order without a switch, and one again in a warm child"


def test_what_is_not_fully_controlled_is_counted_and_not_explored() -> None:
    portfolio = Portfolio("mixed", 1, 6)
    portfolio.learn(replace(PAIR, schedule=Schedule()), ran(PAIR, control="partial", why=("a pool",)), suspicious=True)
    assert portfolio.why == {"a pool": 1}
    assert portfolio.policies() == {"sweep": (1, 1)}
    assert portfolio.explored(40) == []


def test_switches_are_moved_together_to_later_decisions() -> None:
    """A child that ran many programs has done what a library does once; alone, it is done before."""
    moved = list(later(replace(PAIR, schedule=replaying([Switch(0, 3, 1), Switch(0, 9, 0)]))))
    assert [each.schedule for each in moved[:2]] == [replaying([Switch(0, 4, 1), Switch(0, 10, 0)]), replaying([Switch(0, 5, 1), Switch(0, 11, 0)])]
    first = next(later(replace(PAIR, schedule=replaying([Switch(0, 0, 1), Switch(0, 9, 0)]))))
    assert first.schedule == replaying([Switch(0, 0, 1), Switch(0, 10, 0)]), "who begins is no matter of what is done before"
    assert list(later(PAIR)) == list(later(replace(PAIR, schedule=replaying([])))) == []


def test_a_find_is_pinned_to_the_switches_that_were_made() -> None:
    made = History([[H.SWITCH, 0, 8, 1], [H.SWITCH, 0, 2, 0]], "stock")
    assert pinned(PAIR, made) == PAIR
    found = pinned(replace(PAIR, schedule=Schedule(policy="surw", seed=9)), made)
    assert found.schedule == Schedule(policy="replay", switches=(Switch(0, 2, 0), Switch(0, 8, 1)))
    assert is_controlled(found)
    assert not is_controlled(PAIR)


# --- telling ---------------------------------------------------------------------------------------------------------


def test_how_a_find_was_scheduled() -> None:
    one = replace(PAIR, schedule=replaying([Switch(0, 3, 1)]))
    assert how_scheduled(Program((MAKE,)), "", ()) == ""
    assert how_scheduled(PAIR, "", ()) == "free-running threads: no schedule was forced"
    assert how_scheduled(one, "full", ()) == "fully controlled, 1 forced switch"
    assert how_scheduled(replace(PAIR, schedule=replaying([])), "partial", ("a pool",)) == "partly controlled, no forced switch; a pool"


def test_lanes_draw_the_switches_below_their_group() -> None:
    program = replace(TWO_GROUPS, schedule=replaying([Switch(0, 3, 1), Switch(1, 5, 0)]))
    threads, rows = lane_rows(program)
    assert threads == [0, 1, 2]
    assert [[(cell.thread, cell.text) for cell in row if not cell.number] for row in rows] == [
        [],
        [],
        [(1, "switch to here, at decision 3")],
        [],
        [(0, "switch to here, at decision 5")],
    ]
