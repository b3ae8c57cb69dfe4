"""Allocations that fail on purpose: which do, which exceptions that excuses, and that everything works again afterwards."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand.worker.shortage import run_short

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
    assert len(calls) <= 4
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
    assert _native.allocations_sufficed() is False, "nothing is to fail any more"


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
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(200):
                bytearray(1000)
        except MemoryError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    for nth in range(1, 40):
        with contextlib.suppress(MemoryError):
            _native.fail_allocation(nth)
            bytearray(1000)
        _native.allocations_sufficed()
    thread.join()
    assert not failed


def test_a_wrong_number_is_refused() -> None:
    with pytest.raises((OverflowError, ValueError, TypeError), match="pass 1"):
        _native.fail_allocation(-1)
    with pytest.raises((OverflowError, ValueError, TypeError), match="pass 1"):
        _native.fail_allocation("x")  # type: ignore[arg-type]
