"""The plan as a plain Hypothesis state machine, for pytest-xdist and for valgrind."""

import os

from hypothesis import HealthCheck, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from plain import TimeIsUp, is_over, machine, target


def test_alone():
    chosen = settings(max_examples=10**9, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seeded = seed(int(os.environ["PEER_SEED"]))(machine(target()))
    try:
        run_state_machine_as_test(seeded, settings=chosen)
    except TimeIsUp:
        pass
    except Flaky:  # of the example in which the time was up
        if not is_over():
            raise
