"""The channels of deadhand-core as Python sees them: both ends, every error and its message, waiting, and the ends."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import gc
import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Consumer, Producer, channel, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = {"producer": 0, "consumer": 0, "item": 0}
HANDLE = r"\d+v\d+@\d+"
DEADLINE_SECONDS = 10
SHORT_SECONDS = 0.1


def alive() -> dict[str, int]:
    return {kind: core_ledger()[kind] for kind in NOTHING}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    assert alive() == NOTHING
    yield
    gc.collect()
    assert alive() == NOTHING


@pytest.fixture
def ends() -> Iterator[tuple[Producer, Consumer]]:
    """Of a channel with room for two."""
    producer, consumer = channel(2)
    with producer, consumer:
        yield producer, consumer


Ends = tuple[Producer, Consumer]


class AnyCancelled:
    """Equal to every `CancelledError`."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, asyncio.CancelledError)


ANY_CANCELLED = AnyCancelled()


class Item:
    """What can be referenced weakly."""

    end: object = None


class Waiting:
    """A call on another thread, and how it ended."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.answer: Any = None
        self.error: BaseException | None = None
        self.call = call
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        time.sleep(SHORT_SECONDS)
        assert self.thread.is_alive(), f"it did not wait: {self.answer!r}, {self.error!r}"

    def run(self) -> None:
        try:
            self.answer = self.call()
        except Exception as error:  # noqa: BLE001  looked at below
            self.error = error

    def end(self) -> Any:
        self.thread.join(DEADLINE_SECONDS)
        assert not self.thread.is_alive(), "nobody woke it"
        return self.answer if self.error is None else self.error


# --- answers ---------------------------------------------------------------------------------------------------------


def test_items_arrive_in_order_and_as_they_are(ends: Ends) -> None:
    producer, consumer = ends
    item = Item()
    producer.send(item)
    producer.try_send(None)
    assert (consumer.receive(), consumer.try_receive()) == (item, None)
    counts = {"capacity": 2, "producers": 1, "consumers": 1, "sent": 2, "received": 2, "returned": 0, "in_flight": 0}
    assert producer.counts() == consumer.counts() == counts


def test_an_end_may_have_siblings(ends: Ends) -> None:
    producer, consumer = ends
    with producer.another() as other, consumer.another() as reader:
        assert other.counts()["producers"] == reader.counts()["consumers"] == 2
        producer.send(1)
        producer.close()
        other.send(2)
        assert (reader.receive(), consumer.receive()) == (1, 2)
        assert len({each.handle for each in (producer, other, consumer, reader)}) == 4
    with pytest.raises(_native.ClosedHandle):
        consumer.receive()


def test_what_was_sent_before_the_end_is_still_received(ends: Ends) -> None:
    producer, consumer = ends
    producer.send("last")
    assert producer.close() == producer.close() == []
    assert consumer.receive() == "last"
    for call in (consumer.receive, consumer.try_receive):
        with pytest.raises(_native.ClosedHandle, match=r"^the channel is closed: its last producer is gone; make a new one$"):
            call()


def test_close_returns_what_nobody_is_left_for(ends: Ends) -> None:
    producer, consumer = ends
    item = Item()
    producer.send(item)
    assert alive() == {"producer": 1, "consumer": 1, "item": 1}
    assert consumer.close() == [item]
    assert consumer.close() == []
    for call in (producer.send, producer.try_send):
        with pytest.raises(_native.ClosedHandle, match=r"^the channel is closed: its last consumer is gone; make a new one$"):
            call(item)
    assert producer.counts()["returned"] == 1


def test_dropped_consumer_leaves_items_to_be_reclaimed() -> None:
    producer, consumer = channel(3)
    item = Item()
    producer.send(item)
    with pytest.warns(ResourceWarning, match="unclosed consumer"):
        del consumer
    assert producer.reclaim() == [item]
    assert producer.reclaim() == []
    producer.close()


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_receive_waits_for_an_item(ends: Ends) -> None:
    producer, consumer = ends
    waiting = Waiting(consumer.receive)
    producer.send("item")
    assert waiting.end() == "item"


def test_send_waits_for_room(ends: Ends) -> None:
    producer, consumer = ends
    producer.send(1)
    producer.send(2)
    waiting = Waiting(lambda: producer.send(3))
    assert [consumer.receive() for _ in range(3)] == [1, 2, 3]
    assert waiting.end() is None


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("sends", [False, True])
def test_close_wakes_who_waits(ends: Ends, sends: bool, own: bool) -> None:
    producer, consumer = ends
    producer.send(1)
    producer.send(2)
    if not sends:
        consumer.receive()
        consumer.receive()
    waiting = Waiting((lambda: producer.send(3)) if sends else consumer.receive)
    left = (producer if sends == own else consumer).close()
    error = waiting.end()
    assert isinstance(error, _native.ClosedHandle)
    side = "producer" if sends == own else "consumer"
    expected = " was closed while it was in use: close it when nobody waits" if own else f"the channel is closed: its last {side} is gone; make a new one"
    assert str(error).endswith(expected)
    assert left == ([1, 2] if sends and not own else [])


def test_time_runs_out(ends: Ends) -> None:
    producer, consumer = ends
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"^the channel was still empty after the time that was given: wait longer$"):
        consumer.receive(SHORT_SECONDS)
    assert SHORT_SECONDS <= time.monotonic() - begun < DEADLINE_SECONDS
    producer.send(1, timeout=0)
    producer.send(2, 1e9)
    item = Item()
    reference = weakref.ref(item)
    with pytest.raises(TimeoutError, match=r"^the channel was still full after the time that was given: wait longer$"):
        producer.send(item, timeout=0)
    del item
    assert reference() is None
    assert consumer.receive(0) == 1


def test_ctrl_c_ends_the_wait(ends: Ends) -> None:
    _, consumer = ends
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born ignoring it
    timer = threading.Timer(SHORT_SECONDS, _thread.interrupt_main)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            consumer.receive(DEADLINE_SECONDS)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)


def test_threads_share_a_channel() -> None:
    """Three producers, three consumers, and a collector that runs all the time: each item arrives once."""
    producer, consumer = channel(4)
    received: list[int] = []

    def produce(number: int) -> None:
        with producer.another() as mine:
            for each in range(200):
                mine.send([number * 200 + each])

    def consume() -> None:
        with consumer.another() as mine:
            while True:
                try:
                    received.extend(mine.receive())
                except _native.ClosedHandle:
                    return
                if len(received) % 50 == 0:
                    gc.collect()

    threads = [threading.Thread(target=produce, args=(number,)) for number in range(3)]
    readers = [threading.Thread(target=consume) for _ in range(3)]
    for thread in threads + readers:
        thread.start()
    for thread in threads:
        thread.join()
    producer.close()
    for thread in readers:
        thread.join(DEADLINE_SECONDS)
    consumer.close()
    assert sorted(received) == list(range(600))


# --- await -----------------------------------------------------------------------------------------------------------


def test_coroutines_wait_at_both_ends() -> None:
    async def main() -> list[int]:
        producer, consumer = channel(1)

        async def produce() -> None:
            with producer:
                for number in range(20):
                    await producer.send_async(number)

        async def consume() -> list[int]:
            received = []
            with consumer, contextlib.suppress(_native.ClosedHandle):
                while True:
                    received.append(await consumer.receive_async())
            return received

        return (await asyncio.gather(produce(), consume()))[1]

    assert asyncio.run(main(), debug=True) == list(range(20))


def test_a_thread_wakes_a_coroutine(ends: Ends) -> None:
    producer, consumer = ends

    async def main() -> object:
        threading.Timer(SHORT_SECONDS, producer.send, ["item"]).start()
        return await asyncio.wait_for(consumer.receive_async(), DEADLINE_SECONDS)

    assert asyncio.run(main()) == "item"


def test_cancelled_wait_loses_nothing(ends: Ends) -> None:
    producer, consumer = ends

    async def main() -> None:
        receives = [asyncio.create_task(consumer.receive_async()) for _ in range(3)]
        await asyncio.sleep(0)
        producer.try_send(1)  # all are woken, and the first is cancelled before it looks
        producer.try_send(2)
        receives[0].cancel()
        assert await asyncio.gather(*receives, return_exceptions=True) == [ANY_CANCELLED, 1, 2]
        for number in (3, 4):
            await producer.send_async(number)
        item = Item()
        reference = weakref.ref(item)
        send = asyncio.ensure_future(producer.send_async(item))
        del item
        await asyncio.sleep(0)
        send.cancel()
        with pytest.raises(asyncio.CancelledError):
            await send
        del send
        assert [consumer.receive(), consumer.receive()] == [3, 4]
        assert producer.counts()["sent"] == 4
        gc.collect()
        assert reference() is None, "a send that was cancelled keeps nothing"

    asyncio.run(main())


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("sends", [False, True])
def test_close_wakes_who_awaits(ends: Ends, sends: bool, own: bool) -> None:
    producer, consumer = ends

    async def main() -> str:
        if sends:
            producer.try_send(1)
            producer.try_send(2)
        wait = asyncio.ensure_future(producer.send_async(3) if sends else consumer.receive_async())
        await asyncio.sleep(0)
        (producer if sends == own else consumer).close()
        with pytest.raises(_native.ClosedHandle) as caught:
            await asyncio.wait_for(wait, DEADLINE_SECONDS)
        return str(caught.value)

    side = "producer" if sends == own else "consumer"
    expected = " was closed while it was in use: close it when" if own else f"the channel is closed: its last {side} is gone; make"
    assert expected in asyncio.run(main())


def test_wait_in_a_closed_loop_takes_nothing(ends: Ends) -> None:
    producer, consumer = ends
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    wait = asyncio.ensure_future(consumer.receive_async(), loop=loop)
    reference = weakref.ref(wait)
    loop.run_until_complete(asyncio.wait([wait], timeout=0))
    loop.close()
    del wait, loop
    gc.collect()
    assert reference() is not None, "it waits as long as the channel is there"
    producer.send("item")
    gc.collect()
    assert reference() is None
    assert consumer.receive(0) == "item"


def test_coroutine_that_nobody_can_wake_is_collected() -> None:
    def leave() -> weakref.ref[Item]:
        (producer, consumer), item = channel(1), Item()
        producer.send(0)

        async def main() -> None:
            await producer.send_async(item)
            consumer.close()

        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)
        wait = loop.create_task(main())
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


def test_send_that_is_never_awaited_sends_nothing(ends: Ends) -> None:
    producer, consumer = ends
    item = Item()
    item.end = producer.send_async(item)
    reference = weakref.ref(item)
    del item
    gc.collect()
    assert reference() is None
    with pytest.raises(_native.ChannelEmpty):
        consumer.try_receive()


def test_await_is_for_a_loop_and_for_once(ends: Ends) -> None:
    producer, consumer = ends

    async def receive() -> None:
        await consumer.receive_async()

    with pytest.raises(RuntimeError, match=r"^no asyncio loop is running here: await it in a coroutine that asyncio runs$"):
        receive().send(None)

    async def twice() -> None:
        sending = producer.send_async(1)
        await sending
        with pytest.raises(RuntimeError, match=r"^this was awaited already: call again for another$"):
            await sending
        waits = consumer.receive_async(), consumer.receive_async()
        assert await waits[0] == 1
        asyncio.get_running_loop().call_soon(producer.try_send, 2)
        assert await waits[1] == 2

    asyncio.run(twice())


# --- errors ----------------------------------------------------------------------------------------------------------


def test_full_and_empty(ends: Ends) -> None:
    producer, consumer = ends
    with pytest.raises(_native.ChannelEmpty, match=r"^the channel is empty: send first, or wait$"):
        consumer.try_receive()
    producer.try_send(1)
    producer.try_send(2)
    with pytest.raises(_native.ChannelFull, match=r"^the channel is full: all 2 places are taken; receive first, wait, or drop the item$"):
        producer.try_send(3)
    assert issubclass(_native.ChannelFull, _native.HandleError)
    assert issubclass(_native.ChannelEmpty, _native.HandleError)


def test_gone_says_what_to_do(ends: Ends) -> None:
    producer, consumer = ends
    for each in ends:
        each.close()
        each.close()
        assert each.closed
    calls: list[Callable[[], object]] = [consumer.receive, consumer.try_receive, consumer.counts, consumer.another, producer.counts, producer.another, producer.reclaim]
    for call in [*calls, lambda: producer.send(1), lambda: producer.try_send(1)]:
        with pytest.raises(_native.StaleHandle, match=rf"^\w+ {HANDLE} is stale: .*; drop the handle and create a new \w+$"):
            call()


@pytest.mark.parametrize(
    ("capacity", "error", "text"),
    [
        (0, ValueError, r"^a channel cannot have 0 places: ask for 1 to 1048576$"),
        (2**20 + 1, ValueError, r"^a channel cannot have 1048577 places: ask for 1 to 1048576$"),
        (-1, ValueError, r"^capacity is out of range: pass how many items can wait, 1 to 1048576$"),
        ("1", TypeError, r"^capacity must be an int, not str: pass how many items can wait, 1 to 1048576$"),
    ],
)
def test_wrong_capacity(capacity: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        channel(capacity)


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), -0.5])
def test_wrong_timeout(ends: Ends, timeout: float) -> None:
    producer, consumer = ends
    for call in (lambda: consumer.receive(timeout), lambda: producer.send(1, timeout)):
        with pytest.raises(ValueError, match=r"^timeout is out of range: pass seconds, 0 or more, or None to wait without end$"):
            call()


@pytest.mark.parametrize("kind", [Producer, Consumer])
def test_only_channel_makes_ends(kind: type) -> None:
    for make in (kind, lambda: kind.__new__(kind), lambda: type("Sub", (kind,), {})):
        with pytest.raises(TypeError):
            make()


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1])
def test_item_that_holds_its_own_channel_is_collected(which: int) -> None:
    def tie() -> weakref.ref[Item]:
        ends = channel(3)
        item = Item()
        item.end = ends[which]
        ends[0].send(item)
        ends[0].send(ends[1].another())
        return weakref.ref(item)

    gc.disable()
    try:
        reference = tie()
        assert reference() is not None
        with pytest.warns(ResourceWarning, match="unclosed"):
            gc.collect()
        gc.collect()
        assert reference() is None
    finally:
        gc.enable()


def test_collector_leaves_alone_what_can_be_received(ends: Ends) -> None:
    producer, consumer = ends
    item = Item()
    item.end = consumer
    producer.send(item)
    producer.send([producer])
    reference = weakref.ref(item)
    del item, producer
    gc.collect()
    assert consumer.receive() is reference()
    gc.collect()
    assert consumer.receive()[0].counts()["received"] == 2


def test_what_dies_on_the_way_may_use_the_channel() -> None:
    producer, consumer = channel(2)
    seen: list[object] = []

    class Last:
        def __del__(self) -> None:
            seen.append((consumer.closed, producer.counts()["in_flight"]))

    producer.send(Last())
    producer.send(Last())
    consumer.close()
    assert seen == [(True, 0)] * 2
    producer.close()


@pytest.mark.parametrize("kind", ["producer", "consumer"])
def test_undisposed_drop_warns(ends: Ends, kind: str) -> None:
    made = ends[kind == "consumer"].another()
    with pytest.warns(ResourceWarning, match=rf"^unclosed {kind} {HANDLE}: close it, or use it in a with statement$"):
        del made
    assert ends[0].counts()[kind + "s"] == 1  # type: ignore[literal-required]


def test_items_go_with_the_channel() -> None:
    producer, consumer = channel(1)
    item = Item()
    reference = weakref.ref(item)
    producer.send(item)
    del item
    with pytest.warns(ResourceWarning, match="unclosed"):
        del producer, consumer
    assert reference() is None


@pytest.mark.parametrize("options", [(), ("-X", "dev"), ("-W", "error")])
def test_interpreter_may_leave_with_everything_open(options: tuple[str, ...]) -> None:
    code = """
import asyncio, threading, time
from deadhand import _native
producer, consumer = _native.channel(4)
class Late:
    def __del__(self): producer.counts()
producer.send(Late())
producer.send(consumer)
empty, nothing = _native.channel(1)
async def wait(): await nothing.receive_async()
threading.Thread(target=lambda: asyncio.run(wait()), daemon=True).start()
threading.Thread(target=nothing.receive, daemon=True).start()
def work():
    sender, receiver = _native.channel(1)
    while True:
        sender.send(Late())
        receiver.receive()
threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""
    done = subprocess.run([sys.executable, *options, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert "panick" not in done.stderr
    assert "Fatal" not in done.stderr
