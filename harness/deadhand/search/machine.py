"""The Hypothesis side: a RuleBasedStateMachine built from a target. Its rules write symbolic steps; nothing native runs here.

The program is executed in a child when the machine is torn down; a finding raises, so Hypothesis shrinks, reports and keeps
the example in its database as it does for any test.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.reporting import with_reporter
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from deadhand.hazards import HAZARDS
from deadhand.hazards.draft import Draft
from deadhand.hazards.drawer import Drawer
from deadhand.model.values import HostileSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.hazards import Hazard
    from deadhand.model.program import Program
    from deadhand.model.verdict import Finding
    from deadhand.target.describe import Description, Operation, Parameter


class LifetimeViolation(AssertionError):  # noqa: N818  what a reader of the traceback shall see
    """A program broke the promise; carries the program and the finding."""

    def __init__(self, program: Program, finding: Finding) -> None:
        super().__init__(f"{finding.mad}: {finding.detail}")
        self.program = program
        self.finding = finding


class HypothesisDrawer(Drawer):
    """Draws through Hypothesis, so that it shrinks and is kept."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def integer(self, low: int, high: int) -> int:
        return self.data.draw(st.integers(low, high))

    def value(self, operation: Operation, parameter: Parameter, *, hostile: bool | None = None) -> Any:  # noqa: ARG002  the strategy decides
        assert parameter.strategy is not None
        value = self.data.draw(parameter.strategy)
        return value.value if hostile is False and isinstance(value, HostileSpec) and parameter.role == "value" else value


def build_machine(target: Description, execute: Callable[[Program], Finding | None]) -> type[RuleBasedStateMachine]:
    """A state machine class for `target`; `execute` runs a program and gives what it shows."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.draft: Draft | None = None
            self.data: st.DataObject | None = None

        def writing(self, data: st.DataObject) -> Draft:
            self.data = data
            if self.draft is None:
                self.draft = Draft(target, HypothesisDrawer(data))
            self.draft.draw = HypothesisDrawer(data)
            return self.draft

        def has(self, kinds: tuple[str, ...]) -> bool:
            return self.draft is not None and all(self.draft.held(kind) for kind in kinds)

        def teardown(self) -> None:
            if self.draft is None or not self.draft.steps:
                return
            program = self.draft.finish()
            self.draft = None
            finding = execute(program)
            if finding is not None:
                raise LifetimeViolation(program, finding)

    for operation in target.operations.values():
        setattr(Machine, f"call_{operation.name}", _operation_rule(operation))
    for hazard in HAZARDS:
        if hazard.weight and hazard.name not in target.skip_hazards and hazard.fits(target):
            setattr(Machine, "hazard_" + hazard.name.replace(" ", "_").replace("-", "_"), _hazard_rule(hazard))
    Machine.__name__ = Machine.__qualname__ = f"{target.cls.__name__}Machine"
    return Machine


def _operation_rule(operation: Operation) -> Any:
    def call(self: Any, data: st.DataObject) -> None:
        self.writing(data).call(operation)

    call.__name__ = operation.name
    kinds = tuple(parameter.kind for parameter in operation.handles)
    made = rule(data=st.data())(call)
    return precondition(lambda self: self.has(kinds))(made) if kinds and not operation.creates else made


def _hazard_rule(hazard: Hazard) -> Any:
    def write(self: Any, data: st.DataObject) -> None:
        hazard.write(self.writing(data))

    write.__name__ = hazard.name.replace(" ", "_").replace("-", "_")
    return rule(data=st.data())(write)


class TimeIsUp(BaseException):
    """Ends a run of the machine from inside; Hypothesis lets it through. Not an Exception, so it is no failing example."""


def hunt_settings(max_examples: int | None = None, steps: int | None = None) -> settings:
    """The user's active Hypothesis settings with what a hunt needs: no deadline, no explain phase, no shrinking of its own.

    The program is minimised by deadhand, across crashes and flaky schedules; the failing example stays in the database.
    """
    base = settings.default
    assert base is not None
    return settings(
        base,
        phases=[phase for phase in base.phases if phase not in (Phase.explain, Phase.shrink)],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        max_examples=max_examples or base.max_examples,
        stateful_step_count=min(base.stateful_step_count, steps or base.stateful_step_count),
        print_blob=False,
        report_multiple_bugs=False,
    )


def run_machine(machine: type[RuleBasedStateMachine], chosen: settings) -> None:
    """Run a machine until its examples are used up, one fails, or `execute` raised TimeIsUp. What failed is known to `execute`."""
    with with_reporter(lambda _: None), contextlib.suppress(LifetimeViolation, TimeIsUp, Flaky):
        run_state_machine_as_test(machine, settings=chosen)
