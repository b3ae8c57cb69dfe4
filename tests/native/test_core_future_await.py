"""Awaiting the tasks of deadhand-core: many waits, cancelling from either side, loops of other threads and closed ones."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from deadhand import _native
from deadhand._native import Runtime, core_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_SECONDS = 10
SHORT_SECONDS = 0.05
LONG_SECONDS = 60


def alive() -> int:
    return core_ledger()["runtime"] + core_ledger()["task"]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    assert_settles()
    yield
    assert_settles()


def assert_settles() -> None:
    """Nothing is left, once native threads have let go of what they had in hand."""
    gc.collect()
    deadline = time.monotonic() + 30
    while alive() != 0 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert alive() == 0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(2) as runtime:
        yield runtime


class Item:
    """What can be referenced weakly."""


def test_await_several_at_once_and_after_the_end(runtime: Runtime) -> None:
    async def main() -> None:
        task = runtime.sleep(SHORT_SECONDS, "result")
        assert await asyncio.gather(task, asyncio.ensure_future(task), task) == ["result"] * 3
        assert await task == "result"
        assert await runtime.spawn(int, "7") + await runtime.count_primes(10) == 11

    asyncio.run(main(), debug=True)


def test_await_raises_what_the_call_raised(runtime: Runtime) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await runtime.spawn(divmod, 1, 0)
        with pytest.raises(RuntimeError, match=r"^the task raised StopIteration, which cannot leave a coroutine$") as caught:
            await runtime.spawn(next, iter(()))
        assert isinstance(caught.value.__cause__, StopIteration)
        with pytest.raises(_native.NativePanic, match="provoked by a task"):
            await runtime.panic()

    asyncio.run(main())


@pytest.mark.parametrize("value", [(1, 2), StopIteration(3), ValueError("no error"), None])
def test_any_value_can_be_a_result(runtime: Runtime, value: object) -> None:
    async def main() -> object:
        return await runtime.sleep(0.001, value)

    assert asyncio.run(main()) is value


def test_cancelling_who_awaits_leaves_the_task_to_the_others(runtime: Runtime) -> None:
    async def main() -> None:
        task = runtime.sleep(SHORT_SECONDS, "result")
        waits = [asyncio.ensure_future(task) for _ in range(3)]
        await asyncio.sleep(0)
        waits[1].cancel()
        done = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(each) for each in done] == [str, asyncio.CancelledError, str]
        with contextlib.suppress(asyncio.TimeoutError), runtime.sleep(LONG_SECONDS) as late:
            await asyncio.wait_for(late, 0.001)
        assert late.closed

    asyncio.run(main())


def test_cancelling_the_task_tells_who_awaits(runtime: Runtime) -> None:
    async def main() -> None:
        for end, error in (("cancel", _native.TaskCancelled), ("close", _native.StaleHandle)):
            task = runtime.sleep(LONG_SECONDS)
            wait = asyncio.ensure_future(task)
            await asyncio.sleep(0)
            getattr(task, end)()
            with pytest.raises(error):
                await asyncio.wait_for(wait, DEADLINE_SECONDS)

    asyncio.run(main())


def test_loops_of_two_threads_await_one_task(runtime: Runtime) -> None:
    task = runtime.sleep(SHORT_SECONDS, "result")
    answers: list[object] = []

    async def main() -> None:
        answers.append(await task)

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert answers == ["result"] * 2


def test_closed_loop_is_no_harm(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task ends after the loop that awaits it: nobody is told, nothing is raised, and the coroutine goes."""
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    task = runtime.sleep(LONG_SECONDS)
    wait = asyncio.ensure_future(task, loop=loop)
    reference = weakref.ref(wait)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del wait, loop
    gc.collect()
    assert reference() is not None, "it waits as long as its runtime is there"
    task.cancel()
    gc.collect()
    assert reference() is None
    assert lost == []


def test_coroutine_in_a_closed_loop_goes_with_its_runtime() -> None:
    def leave() -> weakref.ref[Item]:
        runtime, item = Runtime(), Item()

        async def main(_item: Item) -> None:
            await runtime.sleep(LONG_SECONDS)

        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)
        wait = loop.create_task(main(item))
        loop.run_until_complete(asyncio.wait([wait], timeout=0))
        loop.close()
        return weakref.ref(item)

    gc.disable()
    try:
        reference = leave()
        assert reference() is not None
        with pytest.warns(ResourceWarning, match="unclosed"):
            gc.collect()
        gc.collect()
        assert reference() is None
    finally:
        gc.enable()


def test_collector_leaves_alone_who_awaits(runtime: Runtime) -> None:
    """Nobody but the runtime knows of the coroutine, whose loop keeps no task either."""

    async def main() -> None:
        over = asyncio.Event()

        async def behind() -> None:
            await runtime.sleep(SHORT_SECONDS)
            over.set()

        asyncio.get_running_loop().create_task(behind())
        for _ in range(3):
            await asyncio.sleep(0)
            gc.collect()
        await asyncio.wait_for(over.wait(), DEADLINE_SECONDS)

    asyncio.run(main())


def test_await_needs_a_loop(runtime: Runtime) -> None:
    task = runtime.sleep(LONG_SECONDS)

    async def main() -> None:
        await task

    coroutine = main()
    with pytest.raises(RuntimeError, match=r"^no asyncio loop is running here: await it in a coroutine that asyncio runs$"):
        coroutine.send(None)
    waiting = task.__await__()
    with pytest.raises(RuntimeError, match="no asyncio loop"):
        next(waiting)
    with pytest.raises(RuntimeError, match=r"^this was awaited already: call again for another$"):
        waiting.send(None)
    for error in (KeyError("thrown"), KeyError):
        with pytest.raises(KeyError):
            task.__await__().throw(error)
    task.__await__().close()
    task.close()


def test_closing_tells_who_awaits_at_once() -> None:
    """Also if a native thread has the news already, and only waits for the GIL."""

    async def main() -> None:
        for _ in range(20):
            runtime = Runtime()
            waits = [asyncio.ensure_future(runtime.sleep(0.0001)) for _ in range(5)]
            await asyncio.sleep(0.0001)
            runtime.close()
            ends = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), DEADLINE_SECONDS)
            assert {type(each) for each in ends} <= {type(None), _native.ClosedHandle}

    asyncio.run(main())
