"""Lives that Python gives and takes: cycles through C, drops, copies, callbacks, the end of the interpreter."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import signal
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Thing:
    """What can be referenced weakly."""

    def __call__(self, *args: object) -> object:
        return args


def made(core: Any) -> dict[str, Any]:
    store, buffer = core.Store.in_memory(), core.Buffer.zeros(8)
    writer, event = store.write(), core.Event()
    producer, consumer = core.channel(1)
    return {
        "Store": store,
        "Reader": store.read(),
        "Writer": writer,
        "Deleter": writer.deleter(b""),
        "Buffer": buffer,
        "Slice": buffer.slice(0, 1),
        "Span": buffer.span(0, 1),
        "Pool": core.Pool.create(1),
        "Text": core.Text.of("a"),
        "Event": event,
        "Registration": event.register(len),
        "Producer": producer,
        "Consumer": consumer,
        "Runtime": (runtime := core.Runtime()),
        "Task": runtime.sleep(60),
    }


def end(every: dict[str, Any]) -> None:
    for name in ("Slice", "Span", *every):
        every[name].close()


def test_no_second_owner_is_made(core: Any) -> None:
    every = made(core)
    for name, each in every.items():
        assert repr(each).startswith(f"<{name} 0x")
        assert weakref.ref(each)() is each
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="can be neither copied nor pickled"):
                attempt(each)
        if name not in ("Event", "Runtime"):
            with pytest.raises(TypeError, match="is not made by calling its class: use "):
                type(each)()
        with pytest.raises(AttributeError):
            object.__new__(type(each)).close()  # and nothing is told of it when that is dropped
    end(every)


def test_an_undisposed_drop_warns_and_leaves_nothing(core: Any) -> None:
    every = made(core)
    for kind in reversed(list(every)):
        with pytest.warns(ResourceWarning, match=f"unclosed {kind.lower()} 0x[0-9a-f]+: close it, or use it in a with"):
            del every[kind]


def test_the_collector_sees_through_c(core: Any) -> None:
    """A callback that holds its event, an item that holds both ends of its channel: dropped together, gone together."""
    event, thing = core.Event(), Thing()
    thing.event, thing.registration = event, event.register(thing)
    producer, consumer = core.channel(2)
    item = Thing()
    item.ends = producer, consumer
    producer.send(item)
    watched = [weakref.ref(each) for each in (event, thing, producer, consumer, item)]
    assert core.core_ledger()["item"] == 1
    del event, thing, producer, consumer, item
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert [each() for each in watched] == [None] * 5


@pytest.mark.parametrize("spans", [1, 3])
def test_a_buffer_in_a_cycle_with_its_spans_is_closed_in_any_order(core: Any, spans: int) -> None:
    """The collector may finalize the buffer first, which is refused while a span is out. Found by the plan."""
    for first in (False, True):
        knot = Thing()
        buffer = core.Buffer.zeros(0)
        views = [buffer.span(0, 0) for _ in range(spans)]
        knot.held = [buffer, *views] if first else [*views, buffer]
        knot.me = knot
        del knot, buffer, views
        with pytest.warns(ResourceWarning):
            gc.collect()
        assert core.core_ledger()["buffer"] == 0


def test_thunks_outlive_what_they_were_made_for(core: Any) -> None:
    """Native keeps function pointers; a thunk that Python frees would be called all the same."""
    with core.Event() as event:
        for _ in range(50):
            with event.register(Thing()), event.register(Thing().__call__, weak=True, on_dead="skip"):
                gc.collect()
                assert event.fire(1) == [(1,)]


def test_weak_callbacks_die_by_their_policy(core: Any) -> None:
    with core.Event() as event:
        for policy, failed, left in (("error", 1, 1), ("skip", 0, 1), ("unregister", 0, 0)):
            with event.register(Thing(), weak=True, on_dead=policy):
                if failed:
                    with pytest.raises(core.CallbackFailed) as caught:
                        event.fire()
                    assert isinstance(caught.value.failures[0][1], core.DeadTarget)
                else:
                    assert event.fire() == []
                assert event.count() == left


def test_failures_are_told_in_order_after_all_were_called(core: Any) -> None:
    called: list[int] = []

    def fail(*_args: object) -> None:
        called.append(1)
        raise ZeroDivisionError

    with core.Event() as event, event.register(fail) as first, event.register(called.append), event.register(fail) as last:
        with pytest.raises(core.CallbackFailed, match="2 of 3 callbacks failed, all were called") as caught:
            event.fire(2)
        assert [handle for handle, _ in caught.value.failures] == [first.handle, last.handle]
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert caught.value.answers == [None]
        assert called == [1, 2, 1]


def test_what_is_no_answer_is_raised_at_once(core: Any) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    called: list[int] = []
    with core.Event() as event, event.register(interrupt), event.register(lambda: called.append(1)), pytest.raises(KeyboardInterrupt):
        event.fire()
    assert called == []


def test_fires_within_fires_have_an_end(core: Any) -> None:
    with core.Event() as event, event.register(event.fire), event.register(event.fire), pytest.raises(RecursionError, match="64 deep"):
        event.fire()


def test_a_callback_may_do_anything_to_its_event(core: Any) -> None:
    with core.Event() as event:
        late: list[Any] = []
        first = event.register(lambda: late.append(event.register(lambda: "late")))
        second = event.register(lambda *_: third.close())
        third = event.register(lambda: "never")
        assert event.fire() == [None, None]
        first.close()
        assert event.fire() == [None, "late"]
        with event.register(event.close):
            assert event.fire() == [None, "late", None]
        assert event.closed
        for each in (second, *late):
            assert each.closed


def test_items_are_never_lost(core: Any) -> None:
    producer, consumer = core.channel(3)
    things = [Thing() for _ in range(3)]
    for each in things:
        producer.send(each)
    with pytest.raises(core.ChannelFull):
        producer.try_send(Thing())
    assert len(producer._contents) == 3
    assert consumer.receive() is things[0]
    with pytest.warns(ResourceWarning):
        del consumer
    assert producer.reclaim() == things[1:]
    assert len(producer._contents) == 0
    assert producer.close() == []


def test_a_wait_ends_when_the_other_side_does_and_for_signals(core: Any) -> None:
    producer, consumer = core.channel(1)
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            consumer.receive()
        except Exception as error:  # noqa: BLE001
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    producer.close()
    thread.join()
    assert isinstance(ended[0], core.ClosedHandle)
    consumer.close()
    producer, consumer = core.channel(1)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with producer, consumer, pytest.raises(KeyboardInterrupt):
            consumer.receive()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_filled_memory_cannot_be_resized_meanwhile_and_can_afterwards(core: Any) -> None:
    into = bytearray(4)
    with core.Buffer.of(b"0123") as buffer, core.Text.of("text") as text:
        buffer.read_into(into)
        assert into == b"0123"
        assert text.read_into(into) == 4
        assert into == b"text"
        into.append(1)
        with pytest.raises(core.OutOfRange):
            buffer.read_into(into)
        assert into == b"text\x01"
        buffer.slice(0, 0).close()
        buffer.read_into(bytearray(), 4)


@pytest.mark.parametrize("value", [-1, 1 << 64, 1 << 200])
def test_numbers_that_c_would_cut(core: Any, value: int) -> None:
    with pytest.raises(ValueError, match="is out of range"):
        core.Buffer.zeros(value)
    with core.Buffer.zeros(8) as buffer, pytest.raises(ValueError, match="is out of range"):
        buffer.read(value)


def test_tasks_are_awaited_and_end(core: Any) -> None:
    async def wait(runtime: Any) -> None:
        with runtime.spawn(lambda *args: args, 1, 2) as task:
            assert await task == await task == task.wait() == (1, 2)
        with runtime.spawn(int, "x") as task, pytest.raises(ValueError, match="invalid literal"):
            await task
        with runtime.sleep(60) as task, pytest.raises(core.TaskPending):
            task.result()
        with runtime.sleep(60) as task:
            assert task.cancel()
            with pytest.raises(core.TaskCancelled):
                await task
        with runtime.sleep(60) as task:
            with pytest.raises(TimeoutError):
                task.wait(0)
            assert runtime.close()["told"] >= 1
            with pytest.raises(core.ClosedHandle, match="close it after its tasks"):
                await task
            assert task.state == "stopped"

    with core.Runtime() as runtime:
        asyncio.run(wait(runtime))


@pytest.mark.parametrize("options", [(), ("-X", "dev")])
def test_interpreter_may_leave_with_everything_open(script: Callable[..., str], options: tuple[str, ...]) -> None:
    """Objects that are open, in cycles and in callbacks, and daemon threads in the middle of each kind of call."""
    assert script("""
import threading, time
store, event = core.Store.in_memory(), core.Event()
reader, writer, buffer = store.read(), store.write(), core.Buffer.zeros(9)
deleter, view, span = writer.deleter(b""), buffer.slice(0, 1), buffer.span(0, 1)
producer, consumer = core.channel(1)
class Knot: pass
knot = Knot(); knot.me = knot; knot.event = core.Event(); knot.registration = knot.event.register(lambda: knot)
registrations = [event.register(lambda: time.sleep(0.0001)), event.register(Knot)]
started = threading.Semaphore(0)
runtime = core.Runtime(2)
tasks = [runtime.sleep(60), runtime.spawn(time.sleep, 0.1)]
def for_ever(call):
    started.release()
    while True:
        try: call()
        except Exception: pass
for call in (event.fire, lambda: consumer.receive(0.01), lambda: buffer.read(), lambda: reader.count(), lambda: core.Event().register(len)):
    threading.Thread(target=for_ever, args=(call,), daemon=True).start()
    started.acquire()
print("left")
""", *options).strip() == "left"
