"""One life of each kind of handle, again and again, for psleak and for pytest-memray."""

import gc
import os
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from plain import BUDGET, Model, ordinary, target

DESCRIBED = target()


def example(parameter):
    """The first value of a strategy that Hypothesis gives."""
    if parameter.strategy is None:
        return ordinary(parameter, None)
    drawn = []

    @settings(max_examples=1, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True)
    @given(parameter.strategy)
    def draw(value):
        drawn.append(value)

    draw()
    return drawn[0]


VALUES = {
    (operation.name, parameter.name): example(parameter)
    for operation in DESCRIBED.operations.values()
    for parameter in operation.parameters
    if parameter.role != "handle"
}
PLAN = Model(DESCRIBED).plan


def one_life():
    """Everything is made, used, disposed of and dropped."""
    made = {}
    order = sorted(DESCRIBED.operations.values(), key=lambda operation: (bool(operation.disposes), not operation.creates))
    for operation in [*order, *order[::-1]]:
        if operation.creates in made or any(each.kind not in made for each in operation.handles):
            continue
        values = {each.name: ordinary(each, VALUES[operation.name, each.name]) for each in operation.parameters if each.role != "handle"}
        try:
            answer = getattr(PLAN, operation.name)(**values, **{each.name: made[each.kind] for each in operation.handles})
        except Exception:  # noqa: BLE001  what a library raises is its own affair here
            continue
        if operation.creates:
            made[operation.creates] = answer


def test_psleak():
    psleak = pytest.importorskip("psleak")
    case = psleak.MemoryLeakTestCase()
    case.execute(one_life, warmup_times=20, times=200)


@pytest.mark.limit_leaks("10 KB")
def test_memray():
    until = time.process_time() + min(2.0, BUDGET / 4)
    while time.process_time() < until:
        one_life()
    gc.collect()
    os.sched_yield()
