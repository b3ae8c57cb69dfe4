"""A plan of attack as its author would test without deadhand: calls in the process, and the plan's contract asserted.

`Model` makes calls and asserts; `machine` drives it by Hypothesis, `test_shared.py` from several threads.
"""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from deadhand.model.values import HostileSpec
from deadhand.target.contract import dotted
from deadhand.target.loader import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deadhand.target.contract import Expectation
    from deadhand.target.describe import Description, Operation, Parameter

BUDGET = float(os.environ.get("PEER_SECONDS", "20"))
"""Seconds of processor time that this process may use; a library that sleeps may take four times as long by the clock."""
_BEGUN = time.monotonic()


def is_over() -> bool:
    """Whether the time is up."""
    return time.process_time() > BUDGET or time.monotonic() - _BEGUN > 4 * BUDGET


class TimeIsUp(BaseException):
    """Ends a run from inside; Hypothesis lets it through."""


class Workspace:
    """Gives one program its folder."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def folder(self) -> Path:
        """The folder, made at first use."""
        self._folder = self._folder or tempfile.TemporaryDirectory()
        return Path(self._folder.name)

    def remove(self) -> None:
        """Away with it, if it was made."""
        if self._folder is not None:
            self._folder.cleanup()


@dataclass(eq=False)
class Held:
    """A handle, and what the model knows of it."""

    kind: str
    value: Any
    parents: tuple[Held, ...] = ()
    disposed: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    ended: bool = False
    """Whether what was read of it belongs to the past."""

    @property
    def orphan(self) -> bool:
        """Whether something that it lives on is disposed."""
        return any(parent.disposed or parent.orphan for parent in self.parents)


def target() -> Description:
    """The plan that this process is about."""
    return load(os.environ["PEER_PLAN"])[0]


class Model:
    """One program: the plan's instance, the handles, and the plan's contract."""

    def __init__(self, described: Description) -> None:
        self.described = described
        self.workspace = Workspace()
        self.plan = described.cls(self.workspace)
        self.plan.setup()
        self.held: dict[str, list[Held]] = {kind: [] for kind in described.kinds}
        self.before = self.ledger()

    def ledger(self) -> list[Any]:
        """What the plan's ledgers count."""
        return [getattr(self.plan, name)() for name in self.described.ledgers]

    def call(self, operation: Operation, pick: Callable[[list[Held]], Held], draw: Callable[[Parameter], Any]) -> None:
        """Make one call, if there is a handle of each kind that it needs; assert what the plan promises."""
        used = {each.name: pick(self.held[each.kind]) for each in operation.handles if self.held[each.kind]}
        if len(used) < len(operation.handles):
            return
        values = {each.name: draw(each) for each in operation.parameters if each.role != "handle"}
        arguments = values | {name: held.value for name, held in used.items()}
        try:
            answer = getattr(self.plan, operation.name)(**arguments)
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001  whatever the library raises is compared with the contract
            self._raised(operation, used, error)
        else:
            self._returned(operation, used, answer)

    def _raised(self, operation: Operation, used: dict[str, Held], error: Exception) -> None:
        names = [dotted(kind) for kind in type(error).__mro__]
        for held in used.values():
            promised = self._promised(operation, held)
            assert promised is None or promised.allows_exception(names), f"{operation.name} of a {held.kind} that is gone raised {error!r}"

    def _returned(self, operation: Operation, used: dict[str, Held], answer: Any) -> None:
        for held in used.values():
            promised = self._promised(operation, held)
            assert promised is None or promised.may_return, f"{operation.name} of a {held.kind} that is gone returned {answer!r}"
            if operation.reads:
                known = held.answers.setdefault(operation.name, answer)
                gone = held.ended or held.disposed or held.orphan
                assert known == answer or not (gone or operation.identity), f"{operation.name} gave {known!r}, now {answer!r}"
                held.answers[operation.name] = answer
            others = [other for other in self.held[held.kind] if other is not held and not other.disposed and operation.identity]
            assert all(other.answers.get(operation.name) != answer for other in others), f"two of {operation.name} {answer!r}"
        for kind in (*operation.disposes, *operation.invalidates):
            given = [held for held in used.values() if held.kind == kind]
            below = [held for held in self.held[kind] if not used or set(used.values()) & set(held.parents)]
            for held in given or below:
                held.disposed |= kind in operation.disposes
                held.ended = True
        if operation.creates:
            self.held[operation.creates].append(Held(operation.creates, answer, tuple(used.values())))

    def _promised(self, operation: Operation, held: Held) -> Expectation | None:
        """What a call of something that is gone must do; None if the handle is not gone."""
        handle = self.described.kinds[held.kind]
        if held.disposed:
            return operation.after_dispose or (handle.second_dispose if held.kind in operation.disposes else handle.after_dispose)
        return handle.when_parent_disposed if held.orphan and not operation.disposes else None

    def drop(self, kind: str, pick: Callable[[list[Held]], Held]) -> None:
        """Forget a handle, and collect."""
        if self.held[kind]:
            self.held[kind].remove(pick(self.held[kind]))
        gc.collect()

    def end(self) -> None:
        """Give everything back, and ask the ledgers."""
        self.held.clear()
        gc.collect()
        after = self.ledger()
        self.plan.teardown()
        self.workspace.remove()
        assert after == self.before, f"the ledger was {self.before}, now it is {after}"


def ordinary(parameter: Parameter, value: Any) -> Any:
    """An argument as any caller would give it: nothing hostile."""
    if isinstance(value, HostileSpec):
        value = _PROTOCOLS.get(value.protocol, lambda inner: inner)(value.value)
    if parameter.role == "callback" and not callable(value):
        returned = value
        return lambda *_, **__: returned
    return value


class _Element:
    """A plain object that weak references can be made to."""


_PROTOCOLS: dict[str, Callable[[Any], Any]] = {
    "object": lambda _: _Element(),
    "buffer": bytearray,
    "iterable": iter,
    "equal": lambda _: _Element(),
    "hashed": lambda _: _Element(),
    "callback": lambda value: lambda *_, **__: value,
}


def machine(described: Description) -> type[RuleBasedStateMachine]:
    """The state machine of a plan. Raises TimeIsUp out of its rules when the processor time is used up."""

    class Plain(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model(described)

        def teardown(self) -> None:
            with _noting_failure():
                self.model.end()

    for operation in described.operations.values():
        setattr(Plain, f"call_{operation.name}", _rule(operation))
    for kind in described.kinds:
        setattr(Plain, f"drop_{kind}", _drop(kind))
    return Plain


@contextlib.contextmanager
def _noting_failure() -> Iterator[None]:
    try:
        yield
    except AssertionError:
        _Failed.yet = True
        raise


def _draw(data: st.DataObject) -> Callable[[Parameter], Any]:
    return lambda parameter: ordinary(parameter, None if parameter.strategy is None else data.draw(parameter.strategy))


class _Failed:
    """Whether something failed: from then on Hypothesis shrinks, which costs no peer its find."""

    yet = False


def _rule(operation: Operation) -> Any:
    def call(self: Any, data: st.DataObject) -> None:
        if is_over() and not _Failed.yet:
            raise TimeIsUp
        with _noting_failure():
            self.model.call(operation, lambda held: held[data.draw(st.integers(0, len(held) - 1))], _draw(data))

    call.__name__ = operation.name
    return rule(data=st.data())(call)


def _drop(kind: str) -> Any:
    def drop(self: Any, data: st.DataObject) -> None:
        self.model.drop(kind, lambda held: held[data.draw(st.integers(0, len(held) - 1))])

    drop.__name__ = f"drop_{kind}"
    return rule(data=st.data())(drop)
