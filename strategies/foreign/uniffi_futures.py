"""Plan of attack on UniFFI's futures, both ways: awaited, cancelled, dropped, without their loop, without their runtime."""

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2]))
from native.foreign.shelf import load

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses, works

generated = load("deadhand_core_uniffi")
gone = raises(generated.CoreError.Stale, generated.CoreError.Closed, generated.CoreError.Fenced)
SECONDS = st.sampled_from([0.0, 0.001, 900.0])
MAPS = generated._UniffiFfiConverterTypeItem._handle_map, generated._UniffiContinuationHandleMap


Item = type("Item", (generated.Item,), {})


class Coroutine(generated.AsyncCallback):
    async def call(self):
        await asyncio.sleep(0.001)


class Futures(Target):
    module = generated
    runtime = Handle(after_dispose=gone)
    task = Handle(parent=runtime, after_dispose=gone)

    @creates(runtime)
    def start(self, workers=st.integers(1, 2)):
        return generated.Runtime.start(workers)

    @creates(task)
    def delay(self, runtime, seconds=SECONDS):
        return runtime.delay(Item(), seconds)

    @creates(task)
    async def call(self, runtime):
        generated.uniffi_set_event_loop(asyncio.get_running_loop())
        return runtime.call_async(Coroutine(), Item())

    @uses
    async def join(self, task):
        generated.uniffi_set_event_loop(None)
        return type(await asyncio.wait_for(task.join(), 0.02))

    @uses(after_dispose=works)  # cancelled before it is answered
    async def cancel_join(self, task):
        generated.uniffi_set_event_loop(None)
        waiting = asyncio.ensure_future(task.join())
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    @uses
    def cancel(self, task):
        return task.cancel(), task.fate()

    @disposes(runtime)
    def close(self, runtime):
        runtime.close(1.0)

    @disposes(task)
    def close_task(self, task):
        task.close()

    @ledger
    def alive(self):
        for _ in range(20):  # other threads may be letting go of something
            if not (left := sum(map(len, MAPS)) + sum(generated.core_ledger().values())):
                break
            time.sleep(0.01)
        return left
