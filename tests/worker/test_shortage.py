"""Allocations that fail on purpose: which do, which exceptions that excuses, and that everything works again afterwards."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand.worker.shortage import enough, is_short, run_short

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.timeout(60)


def allocates(kept: list[Any]) -> Callable[[], object]:
    """A call that says how far it came, by lists that no free list of the interpreter holds."""

    def call() -> object:
        kept.append(0)
        big = bytearray(1000)
        kept[-1] = 1
        bigger = bytearray(2000)
        kept[-1] = 2
        return big, bigger

    return call


def test_one_allocation_after_another_fails_and_then_none() -> None:
    reached: list[int] = []
    kept: list[object] = []
    run_short(allocates(reached), 1, 99, {}, kept.append)
    assert len(kept) == 1
    assert reached[-1] == 2
    assert {0, 1} <= set(reached), "neither the first nor the second of them failed"
    assert reached == sorted(reached), "a later allocation failed before an earlier one"
    assert len(reached) < 20
    bytearray(10**6)


def test_only_so_many_are_tried() -> None:
    calls: list[int] = []
    kept: list[object] = []
    run_short(lambda: calls.append(1) or [bytearray(600) for _ in range(50)], 3, 4, {}, kept.append)
    assert 1 <= len(calls) <= 4
    assert not kept


@pytest.mark.parametrize("kind", [SystemError, AssertionError])
def test_what_is_never_right_is_raised(kind: type[Exception]) -> None:
    def call() -> None:
        try:
            bytearray(1000)
        except MemoryError:
            raise kind("a broken promise") from None

    with pytest.raises(kind, match="a broken promise"):
        run_short(call, 1, 30, {}, lambda _: None)
    assert _native.fail_allocation(0) == 0, "nothing is to fail any more"


def test_an_exception_of_its_own_is_excused_while_memory_fails_and_not_otherwise() -> None:
    def call() -> None:
        try:
            bytearray(1000)
        except MemoryError:
            raise LookupError("no room") from None
        raise KeyError("always")

    with pytest.raises(KeyError, match="always"):
        run_short(call, 1, 30, {}, lambda _: None)


def test_another_thread_lacks_nothing() -> None:
    def work() -> None:
        made.extend(bytearray(1000) for _ in range(5000))

    made: list[bytearray] = []
    thread = threading.Thread(target=work)
    _native.fail_allocation(1000)
    thread.start()
    thread.join()
    left = _native.fail_allocation(0)
    assert len(made) == 5000, "an allocation of another thread failed"
    assert 0 < left < 1000, "what this thread allocates is counted, and no more"


def test_what_deadhand_does_in_the_middle_lacks_nothing() -> None:
    """A callback's steps write the history: a record that is lost would be a step that never ended."""
    reached: list[str] = []

    def callback() -> None:
        with enough():
            reached.append("begun")
            bytearray(1000)
            reached.append("over")
        bytearray(1000)
        reached.append("and on")

    run_short(callback, 1, 40, {}, lambda _: None)
    text = " ".join(reached)
    assert text.count("begun") == text.count("begun over")
    assert text.count("begun") > text.count("and on") >= 1, "what comes after does lack some"


def test_the_exception_of_a_finalizer_is_its_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Temporary:
        def __del__(self) -> None:
            bytearray(1000)

    told: list[bool] = []
    monkeypatch.setattr("sys.unraisablehook", lambda _: told.append(is_short()))
    run_short(lambda: Temporary() and None, 1, 30, {}, lambda _: None)
    assert told
    assert all(told)
    assert not is_short()


def test_a_wrong_number_is_refused() -> None:
    with pytest.raises((OverflowError, ValueError, TypeError), match="pass 1"):
        _native.fail_allocation(-1)
    with pytest.raises((OverflowError, ValueError, TypeError), match="pass 1"):
        _native.fail_allocation("x")  # type: ignore[arg-type]
