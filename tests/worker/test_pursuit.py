"""What a hunt does with its batches and suspicions when they come late."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis.database import InMemoryExampleDatabase

from deadhand.model.program import Program, Step
from deadhand.oracles import judge
from deadhand.search.fleet import Fleet
from deadhand.search.pursuer import Pursuer
from deadhand.search.pursuit import Pursuit
from deadhand.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deadhand.target.describe import Description

PLAN = """
class T(Target):
    @uses
    def die(self):
        os.abort()

    @uses
    def live(self):
        return 1
"""
DEADLY = Program((Step("live"), Step("die"), Step("live")))


@pytest.fixture
def deadly(plan: Callable[..., Description]) -> Description:
    return plan(PLAN)


@pytest.fixture
def pursuit(deadly: Description) -> Iterator[Pursuit]:
    made = Pursuit(deadly, settings=Settings(), modes=["stock"], number=1, corpus=None, jobs=1, include_unsafe=False, emit=lambda _: None)
    yield made
    made.close()


def test_what_still_runs_when_the_time_is_over_is_judged(pursuit: Pursuit) -> None:
    lane = pursuit.fleet.lane("stock")
    assert lane is not None
    lane.submit([Program((Step("live"),)), DEADLY, Program((Step("live"),))])
    pursuit._drain(None, last=True)
    assert pursuit.programs == 2  # nothing new is begun: the program after the death is left
    assert [each.program for each in pursuit.pursuer.waiting] == [DEADLY]
    assert not pursuit.fleet.busy()


def test_what_a_death_left_of_a_batch_is_run_before_the_machines_turn(pursuit: Pursuit) -> None:
    """An exploration waits for its answers; a program that is lost would hold it up."""
    lane = pursuit.fleet.lane("stock")
    assert lane is not None
    lane.submit([Program((Step("live"),)), DEADLY, Program((Step("live"),)), DEADLY, Program((Step("live"),))])
    pursuit._drain(None, last=False)
    assert pursuit.programs == 5
    assert not pursuit.fleet.busy()


def test_the_machines_failing_example_goes_to_the_profiles_database(pursuit: Pursuit) -> None:
    before, kept = hypothesis.settings.get_current_profile_name(), InMemoryExampleDatabase()
    hypothesis.settings.register_profile("kept", database=kept)
    hypothesis.settings.load_profile("kept")
    try:
        pursuit.evidence()
        pursuit._machine(None, 3000)
    finally:
        hypothesis.settings.load_profile(before)
    assert kept.data
    assert pursuit.found


def test_nothing_is_begun_when_the_time_is_over(pursuit: Pursuit) -> None:
    lane = pursuit.fleet.lane("stock")
    assert lane is not None
    lane.submit([DEADLY, Program((Step("live"),))])
    pursuit._drain(time.monotonic() - 1, last=False)
    assert pursuit.programs == 1


def test_a_hunt_without_a_lane_for_the_machine_goes_on(pursuit: Pursuit) -> None:
    pursuit.evidence()
    pursuit.fleet.broken["stock"] = "its zygote is gone"
    pursuit.fleet.lane = lambda mode: None  # type: ignore[method-assign, assignment]
    pursuit._machine(None, 10)
    assert pursuit.programs == 0


@pytest.mark.parametrize("aside", [False, True], ids=["on the spot", "in a thread"])
def test_a_suspicion_is_confirmed_and_minimised(deadly: Description, aside: bool) -> None:
    said: list[tuple[str, str]] = []
    pursuer = Pursuer(deadly, Fleet(deadly, Settings(), ["stock"]), Settings(), lambda *pair: said.append(pair), aside=aside)
    try:
        lane = pursuer.fleet.lane("stock")
        assert lane is not None
        (finding, *_) = judge(deadly, DEADLY, lane.run_one(DEADLY))
        for number in range(5):
            pursuer.suspect(DEADLY, finding, "stock", number)
        assert len(pursuer.waiting) == 3, "suspicions of one sort must not fill the line"
        pursuer.begin(Counter(), lambda each: each.number == 0)
        assert pursuer.busy
        assert [each.number for each in pursuer.waiting] == [2]
        result = pursuer.result(60)
        assert result is not None
        assert result.confirmed is not None
        assert result.suspicion.number == 1
        assert result.confirmed.program == Program((Step("die"),))
        assert result.confirmed.reproduced == "10/10"
        assert [phase for phase, _ in said] == ["confirming", "minimising"]
        assert not pursuer.busy
    finally:
        pursuer.close()


def test_a_suspicion_that_never_repeats_is_told(deadly: Description) -> None:
    pursuer = Pursuer(deadly, Fleet(deadly, Settings(), ["stock"]), Settings(), lambda *_: None, aside=True)
    try:
        lane = pursuer.fleet.lane("stock")
        assert lane is not None
        (finding, *_) = judge(deadly, DEADLY, lane.run_one(DEADLY))
        pursuer.suspect(Program((Step("live"),)), finding, "stock", 1)
        pursuer.begin(Counter(), lambda _: False)
        result = pursuer.result(60)
        assert result is not None
        assert result.confirmed is None
    finally:
        pursuer.close()


