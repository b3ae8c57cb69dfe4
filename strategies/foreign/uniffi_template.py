"""Plans of attack on what UniFFI generates, called as it is: its handle maps, and its futures both ways.

`over_uniffi.py` says what the core promises. Here it is UniFFI's own turn: whatever a program does, at its end no map of
the binding may have an entry, and no future be left.
"""

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2]))
from native.foreign.shelf import load

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, identity, ledger, raises, reads, uses, works

generated = load("deadhand_core_uniffi")
Error = generated.CoreError
gone = raises(Error.Stale, Error.Closed, Error.Fenced)
MAPS = [
    converter._handle_map
    for name, converter in vars(generated).items()
    if name.startswith("_UniffiFfiConverterType") and hasattr(converter, "_handle_map")
]
MAPS += [generated._UniffiContinuationHandleMap, generated._UNIFFI_FOREIGN_FUTURE_HANDLE_MAP]
SECONDS = st.sampled_from([0.0, 0.001, 900.0])


def left(*kinds):
    """Entries of the binding's maps and objects of the core. What other threads are letting go of gets a fifth of a second."""
    for attempt in range(20):
        counts = generated.core_ledger()
        found = sum(map(len, MAPS)) + sum(counts[kind] for kind in kinds)
        if not found:
            break
        time.sleep(0.01 * (attempt > 0))
    return found


class Item(generated.Item):
    def __init__(self, value):
        self.value = value


class Callback(generated.Callback):
    def __init__(self, function):
        self.function = function

    def call(self, argument):
        return self.function(argument)


class Coroutine(generated.AsyncCallback):
    def __init__(self, seconds):
        self.seconds = seconds

    async def call(self):
        await asyncio.sleep(self.seconds)


class Maps(Target):
    """Host objects on their way into Rust and back: called, kept, sent, returned, dropped on either side."""

    module = generated
    event = Handle(after_dispose=gone)
    registration = Handle(parent=event, after_dispose=gone)
    item = Handle()

    @creates(event)
    def make(self):
        return generated.Event()

    @creates(item)
    def wrap(self, value=hostile.object() | st.integers(0, 9)):
        return Item(value)

    @creates(registration, triggers="fire")
    def register(self, event, reenter: Reentry):
        return event.register_strongly(Callback(lambda argument: (reenter(), argument)[1]), None)

    @uses
    def fire(self, event, item):
        answers = event.fire_one(item)
        assert all(answer is item for answer in answers), "a host object came back as another one"
        return len(answers)

    @uses
    def there_and_back(self, item, item2):
        ends = generated.channel(2)
        ends.producer.try_send_item(item)
        ends.producer.try_send_item(item2)
        assert ends.consumer.try_receive_item() is item, "a host object came back as another one"
        assert ends.consumer.close_end() == [item2], "a host object came back as another one"

    @uses
    def not_received(self, item, ends=st.sampled_from(["producer", "consumer"])):
        kept = getattr(channel := generated.channel(1), ends)
        channel.producer.try_send_item(item)
        del channel
        return kept.figures()

    @uses(after_dispose=works)  # it is refused before anybody asks the event
    def refused(self, event, item, wrong=st.sampled_from([1, None, "x", object]) | hostile.object()):
        with suppress(TypeError):
            event.register_strongly(wrong, None)
        with suppress(TypeError):
            event.fire_one(wrong)

    @identity
    def number(self, event):
        return event.id()

    @disposes(event)
    def close(self, event):
        event.close()

    @disposes(registration)
    def unregister(self, registration):
        registration.close()

    @ledger
    def alive(self):
        return left("event", "registration", "producer", "consumer", "item")


class Futures(Target):
    """Futures of Rust awaited by Python and the other way round: done, cancelled, dropped, without their loop."""

    module = generated
    runtime = Handle(after_dispose=gone)
    task = Handle(parent=runtime, after_dispose=gone)

    @creates(runtime)
    def start(self, workers=st.integers(1, 2)):
        return generated.Runtime.start(workers)

    @creates(task)
    def delay(self, runtime, seconds=SECONDS):
        return runtime.delay(Item(1), seconds)

    @creates(task)
    def call(self, runtime, fails=st.booleans()):
        return runtime.call(Callback(str.swapcase if fails else lambda argument: argument), Item(1))

    @creates(task)
    async def call_async(self, runtime, seconds=SECONDS):
        generated.uniffi_set_event_loop(asyncio.get_running_loop())
        task = runtime.call_async(Coroutine(seconds), Item(1))
        await asyncio.sleep(0.005)
        return task

    @uses
    async def join(self, task):
        generated.uniffi_set_event_loop(None)
        return (await asyncio.wait_for(task.join(), 0.02)).value

    @uses(after_dispose=works)  # what went wrong is among the answers
    async def join_twice(self, task):
        generated.uniffi_set_event_loop(None)
        both = asyncio.gather(task.join(), task.join(), return_exceptions=True)
        return len(await asyncio.wait_for(both, 0.02))

    @uses(after_dispose=works)  # cancelled before it is answered
    async def cancel_join(self, task):
        generated.uniffi_set_event_loop(None)
        waiting = asyncio.ensure_future(task.join())
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    @uses
    async def pause(self, seconds=st.sampled_from([0.0, 0.001])):
        generated.uniffi_set_event_loop(None)
        await generated.pause(seconds)

    @uses
    def wait(self, task):
        return task.wait(0.02).value

    @uses
    def cancel(self, task):
        return task.cancel()

    @uses
    def running(self, runtime):
        return runtime.running()

    @reads(after_dispose=gone)
    def number(self, task):
        task.fate()
        return task.id()

    @disposes(runtime)
    def close(self, runtime):
        runtime.close(1.0)

    @disposes(task)
    def close_task(self, task):
        task.close()

    @ledger
    def alive(self):
        return left("runtime", "task")
