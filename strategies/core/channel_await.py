"""Plan of attack on the await form of deadhand's own channels: coroutines that wait at both ends, and loops that end."""

import asyncio

from hypothesis import strategies as st

from deadhand import Handle, Target, _native, creates, disposes, hostile, ledger, raises, uses, works

gone = raises(_native.StaleHandle, _native.ClosedHandle, _native.FencedHandle)


class Ends:
    """What `channel` returns, as one handle."""

    def __init__(self, capacity):
        self.producer, self.consumer = _native.channel(capacity)


class ChannelAwait(Target):
    ends = Handle(after_dispose=gone)
    consumer = Handle(parent=ends, after_dispose=gone)

    @creates(ends)
    def make(self, capacity=st.sampled_from([1, 2])):
        return Ends(capacity)

    @creates(consumer)
    def another(self, ends):
        return ends.consumer.another()

    @uses
    async def send(self, ends, item=hostile.object() | st.just(1)):
        await asyncio.wait_for(ends.producer.send_async(item), 0.002)

    @uses(after_dispose=works)  # a closed end may be an item, too
    async def send_itself(self, ends, consumer):
        await asyncio.wait_for(ends.producer.send_async([consumer, asyncio.current_task()]), 0.002)

    @uses
    async def receive(self, consumer):
        return await asyncio.wait_for(consumer.receive_async(), 0.002)

    @uses(after_dispose=works)  # who waits is told, and what is not received is still there
    async def end_in_mid_await(self, ends, consumer, how=st.sampled_from(["close", "try_send", "cancel"]), elsewhere=st.booleans()):
        waits = [asyncio.ensure_future(each) for each in (consumer.receive_async(), ends.producer.send_async(1))]
        await asyncio.sleep(0)
        call = {"close": consumer.close, "try_send": lambda: ends.producer.try_send(2), "cancel": waits[0].cancel}[how]
        await (asyncio.to_thread(call) if elsewhere and how != "cancel" else asyncio.sleep(0, call()))
        return len((await asyncio.wait(waits, timeout=0.002))[0])

    @uses(after_dispose=works)
    def leave_loop(self, ends, consumer, sends=st.booleans()):
        loop = asyncio.new_event_loop()
        waits = asyncio.ensure_future(ends.producer.send_async(ends) if sends else consumer.receive_async(), loop=loop)
        loop.run_until_complete(asyncio.wait([waits], timeout=0))
        loop.close()

    @disposes(ends)
    def close(self, ends):
        return ends.producer.close(), ends.consumer.close()

    @disposes(consumer)
    def close_consumer(self, consumer):
        return consumer.close()

    @ledger
    def alive(self):
        return sum(_native.core_ledger()[kind] for kind in ("producer", "consumer", "item"))
