"""Plan of attack on deadhand's own channels: both ends, many of each, and host objects on their way between them."""

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, identity, ledger, raises, uses, works

gone = raises("StaleHandle", "ClosedHandle", "FencedHandle")
TIMEOUTS = st.sampled_from([0, 0.001]) | hostile.index(st.just(0))  # nobody may block for long


class Ends:
    """What `channel` returns, as one handle."""

    def __init__(self, producer, consumer):
        self.producer, self.consumer = producer, consumer


class Channel(Target):
    module = "deadhand._native"
    ends = Handle(after_dispose=gone)
    producer = Handle(parent=ends, after_dispose=gone)
    consumer = Handle(parent=ends, after_dispose=gone)

    @creates(ends)
    def make(self, capacity=st.sampled_from([1, 2, 9]) | hostile.index(st.just(2))):
        return Ends(*self.module.channel(capacity))

    @creates(producer)
    def another_producer(self, ends):
        return ends.producer.another()

    @creates(consumer)
    def another_consumer(self, ends):
        return ends.consumer.another()

    @uses
    def send(self, producer, item: Reentry, timeout=TIMEOUTS):
        producer.send(item, timeout)

    @uses
    def send_first(self, ends, item=hostile.object() | st.binary(max_size=9)):
        ends.producer.try_send(item)

    @uses(after_dispose=works)  # a closed end may be an item, too
    def send_itself(self, producer, consumer, one=st.booleans()):
        producer.try_send(consumer if one else producer)

    @uses
    def receive(self, consumer, timeout=TIMEOUTS):
        return consumer.receive(timeout)

    @uses
    def receive_first(self, ends):
        return ends.consumer.try_receive()

    @uses
    def reclaim(self, producer):
        counts = producer.counts()
        assert counts["sent"] == counts["received"] + counts["returned"] + counts["in_flight"]
        return producer.reclaim()

    @identity
    def producer_id(self, producer):
        return producer.handle

    @disposes(ends)
    def close(self, ends):
        return ends.producer.close(), ends.consumer.close()

    @disposes(producer)
    def close_producer(self, producer):
        return producer.close()

    @disposes(consumer)
    def close_consumer(self, consumer):
        return consumer.close()

    @ledger
    def alive(self):
        return sum(self.module.core_ledger()[kind] for kind in ("producer", "consumer", "item"))
