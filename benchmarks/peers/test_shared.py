"""The plan's operations on handles that threads share, for pytest-run-parallel: it calls the test in several threads at once.

What one thread knows of a handle another may have changed: asserted is that only the plan's and ordinary exceptions come.
"""

import contextlib
import os
import random
import threading

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from plain import Held, Model, is_over, ordinary, target

DESCRIBED = target()
SAMPLES = 50
"""Arguments drawn beforehand for each parameter: Hypothesis draws in one thread."""


def samples(strategy):
    drawn = []

    @settings(max_examples=SAMPLES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(value):
        drawn.append(value)

    draw()
    return drawn


ARGUMENTS = {
    (operation.name, parameter.name): samples(parameter.strategy)
    for operation in DESCRIBED.operations.values()
    for parameter in operation.parameters
    if parameter.strategy is not None
}
class Threads:
    """What the threads share: a model for each repetition, made by the thread that comes first; old ones are let go."""

    def __init__(self):
        self.models: dict[int, Model] = {}
        self.turn = threading.Lock()
        self.of_thread = threading.local()

    def model(self, number):
        """The model of that repetition."""
        with self.turn:
            if number not in self.models:
                self.models[number] = Model(DESCRIBED)
                self.models.pop(number - 8, None)
            return self.models[number]

    def some_calls(self):
        """Ten random operations of this thread."""
        if is_over():
            os._exit(0)
        self.of_thread.number = number = getattr(self.of_thread, "number", -1) + 1
        model, luck = self.model(number), random.Random(f"{os.environ['PEER_SEED']} {number} {threading.get_ident()}")
        for _ in range(10):
            operation = luck.choice(list(DESCRIBED.operations.values()))
            with contextlib.suppress(IndexError):
                self.call(model, operation, {each.name: luck.choice(model.held[each.kind]) for each in operation.handles}, luck)

    def call(self, model, operation, used, luck):
        """One operation."""
        values = {each.name: ordinary(each, luck.choice(ARGUMENTS[operation.name, each.name])) for each in operation.parameters if each.role != "handle"}
        try:
            answer = getattr(model.plan, operation.name)(**values, **{name: held.value for name, held in used.items()})
        except AssertionError:
            raise
        except Exception:  # noqa: BLE001  what a library raises is its own affair here
            return
        if operation.creates:
            model.held[operation.creates].append(Held(operation.creates, answer))


THREADS = Threads()


@pytest.mark.parallel_threads(4)
@pytest.mark.iterations(10**9)
def test_shared():
    THREADS.some_calls()
