"""Plan of attack on the handle maps of the binding that UniFFI generates: host objects on their way into Rust and back."""

import sys
from pathlib import Path

from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2]))
from native.foreign.shelf import load

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, identity, ledger, raises, uses

generated = load("deadhand_core_uniffi")
CONVERTERS = generated._UniffiFfiConverterTypeItem, generated._UniffiFfiConverterTypeCallback


class Item(generated.Item):
    def __init__(self, value):
        self.value = value


class Callback(generated.Callback):
    def __init__(self, function):
        self.call = lambda argument: (function(), argument)[1]


class Maps(Target):
    module = generated
    event = Handle(after_dispose=raises(generated.CoreError.Stale, generated.CoreError.Closed, generated.CoreError.Fenced))
    registration = Handle(parent=event)
    item = Handle()

    @creates(event)
    def make(self):
        return generated.Event()

    @creates(item)
    def wrap(self, value=hostile.object() | st.integers(0, 9)):
        return Item(value)

    @creates(registration, triggers="fire")
    def register(self, event, reenter: Reentry):
        return event.register_strongly(Callback(reenter), None)

    @uses
    def fire(self, event, item):
        assert all(answer is item for answer in event.fire_one(item)), "a host object came back as another one"

    @uses
    def there_and_back(self, item, item2):
        ends = generated.channel(2)
        assert not any(ends.producer.try_send_item(each) for each in (item, item2))
        assert [ends.consumer.try_receive_item(), *ends.consumer.close_end()] == [item, item2], "other objects came back"

    @uses
    def not_received(self, item, end=st.sampled_from(["producer", "consumer"])):
        ends = generated.channel(1)
        ends.producer.try_send_item(item)
        return getattr(ends, end).figures()

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
        return sum(generated.core_ledger().values()) + sum(len(converter._handle_map) for converter in CONVERTERS)
