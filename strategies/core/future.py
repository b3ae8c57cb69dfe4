"""Plan of attack on deadhand's own tasks: native work, Python called on native threads, and everyone who waits."""

import asyncio
from threading import Event, current_thread

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, _native, creates, disposes, hostile, identity, ledger, raises, uses, works

gone = raises(_native.StaleHandle, _native.ClosedHandle, _native.FencedHandle)


class Future(Target):
    runtime = Handle(after_dispose=gone)
    task = Handle(parent=runtime, after_dispose=gone)

    @creates(runtime)
    def start(self, workers=st.sampled_from([1, 2]) | hostile.index(st.just(1))):
        return _native.Runtime(workers)

    @creates(task)
    def sleep(self, runtime, seconds=st.sampled_from([0, 0.002, 9]) | hostile.index(st.just(0)), result=hostile.object() | st.just(1)):
        return runtime.sleep(seconds, result)

    @creates(task)
    def compute(self, runtime, limit=st.sampled_from([0, 9_999, 2**32 - 1]), panics=st.booleans()):
        return runtime.panic() if panics else runtime.count_primes(limit)

    @creates(task, triggers="wait")
    def spawn(self, runtime, reenter: Reentry):
        over = Event()
        task = runtime.spawn(until, over, reenter)
        over.wait(0.01 if current_thread().name.startswith("Dummy") else 2)  # what it does is part of this step
        return task

    @uses(after_dispose=works)
    def call(self, runtime, task, how=st.sampled_from(["cancel", "close", "result", "provoke_panic"])):
        return runtime.spawn(getattr(task, how)).wait(1)

    @uses
    def wait(self, task, timeout=st.sampled_from([0, 0.002]) | hostile.index(st.just(0))):
        return task.state, task.wait(timeout)

    @uses(after_dispose=works)  # whoever waits is told
    async def await_many(self, task, how=st.sampled_from(["cancel", "close", "result", "provoke_panic"]), elsewhere=st.booleans()):
        waits = [asyncio.ensure_future(task) for _ in range(3)]
        await asyncio.sleep(0)
        waits[0].cancel()
        await (asyncio.to_thread(getattr(task, how)) if elsewhere else asyncio.sleep(0, getattr(task, how)()))
        return len((await asyncio.wait(waits, timeout=0.002))[0])

    @uses(after_dispose=works)
    def leave_loop(self, task):
        loop = asyncio.new_event_loop()
        waits = asyncio.ensure_future(task, loop=loop)
        loop.run_until_complete(asyncio.wait([waits], timeout=0))
        loop.close()

    @identity
    def task_id(self, task):
        return task.handle

    @disposes(runtime)
    def close(self, runtime):
        return runtime.close()

    @disposes(task)
    def close_task(self, task):
        task.close()

    @ledger
    def alive(self):
        return sum(_native.core_ledger()[kind] for kind in ("runtime", "task"))


def until(over, call):
    try:
        call()
    finally:
        over.set()
