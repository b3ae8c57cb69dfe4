"""The surface that all roads to the core have, over the binding that UniFFI generates: spelling, and nothing else.

The classes are UniFFI's own, with the names of `deadhand._native` put on them where UniFFI cannot say it: properties,
context managers, iterators, and Python objects as items and callbacks, for which UniFFI wants a class of its own. There
is no lock, no check and no reference here that UniFFI's binding does not have.
"""

from __future__ import annotations

import os
import types
import weakref

import deadhand_core_uniffi as generated
from deadhand_core_uniffi import (
    Buffer,
    CallFailed,
    Consumer,
    CoreError,
    Deleter,
    Event,
    InternalError,
    OnDead,
    Pool,
    Producer,
    Reader,
    Registration,
    Slice,
    Span,
    Store,
    Text,
    Writer,
    core_ledger,
)

HandleError = CoreError
StaleHandle, ClosedHandle, BusyHandle = CoreError.Stale, CoreError.Closed, CoreError.Busy
WrongThread, HasChildren, FencedHandle = CoreError.WrongThread, CoreError.HasChildren, CoreError.Fenced
NativePanic, DatabaseError, OutOfRange = CoreError.Panicked, CoreError.Database, CoreError.OutOfRange
CallbackFailed, DeadTarget, NotText = CoreError.CallbackFailed, CoreError.DeadTarget, CoreError.NotText
ChannelFull, ChannelEmpty = CoreError.ChannelFull, CoreError.ChannelEmpty

ALL = (Buffer, Consumer, Deleter, Event, Pool, Producer, Reader, Registration, Slice, Span, Store, Text, Writer)


class Box(generated.Item):
    """Any Python object, as UniFFI lets it through."""

    def __init__(self, value: object) -> None:
        self.value = value


class Function(generated.Callback):
    """A Python callable, as UniFFI calls it."""

    def __init__(self, function: object) -> None:
        self.function = function

    def call(self, argument: Box) -> Box:
        try:
            return Box(self.function(*argument.value))
        except CoreError.TooDeep as error:  # else the ones after it would be called, and fire again
            raise CallFailed.Stop(text=error.text) from error
        except RecursionError as error:
            raise CallFailed.Stop(text=str(error)) from error


class WeakFunction(generated.WeakCallback):
    """A weak reference to one: UniFFI has none."""

    def __init__(self, function: object) -> None:
        method = type(function) is types.MethodType
        self.reference = weakref.WeakMethod(function) if method else weakref.ref(function)

    def upgrade(self) -> Function | None:
        function = self.reference()
        return None if function is None else Function(function)


def channel(capacity: int) -> tuple[Producer, Consumer]:
    ends = generated.channel(capacity)
    return ends.producer, ends.consumer


def _register(self: Event, callback: object, *, weak: bool = False, on_dead: str | None = None) -> Registration:
    policy = None if on_dead is None else OnDead[on_dead.upper()]
    if weak:
        return self.register_weakly(WeakFunction(callback), policy)
    return self.register_strongly(Function(callback), policy)


def _read_into(self: Buffer | Slice | Span, into: bytearray, offset: int = 0) -> None:
    into[:] = self.read(offset, len(into))


def _text_into(self: Text, into: bytearray) -> int:
    found = self.get().encode()
    if len(found) > len(into):
        raise OutOfRange(text=f"the text needs {len(found)} bytes, there is room for {len(into)}: pass a larger buffer")
    into[: len(found)] = found
    return len(found)


def _next(self: Reader) -> tuple[bytes, bytes]:
    pair = self.next()
    if pair is None:
        raise StopIteration
    return pair.key, pair.value


def _end_writer(self: Writer, kind: object, *_rest: object) -> None:
    self.abort() if kind is not None or self.closed else self.commit()


def _values(items: list[Box]) -> list[object]:
    return [item.value for item in items]


for each in ALL:
    each.closed = property(each.is_closed)
    each.handle = property(each.id)
    each.__enter__ = lambda self: self
    each.__exit__ = lambda self, *_exception: self.close() and None
for each in (Buffer, Slice, Span):
    each.length = property(each.size)
    each.read_into = _read_into
for each in (Producer, Consumer):
    each.close = lambda self: _values(self.close_end())
    each.counts = lambda self: vars(self.figures())

Buffer.epoch = property(Buffer.age)
Pool.report = lambda self: vars(self.figures())
Text.length, Text.characters = property(Text.size), property(Text.count)
Text.__str__, Text.read_into = Text.get, _text_into
Reader.__iter__, Reader.__next__ = lambda self: self, _next
Writer.__exit__ = _end_writer
Event.register = _register
Event.fire = lambda self, *arguments: _values(self.fire_one(Box(arguments)))
Producer.try_send = lambda self, item: self.try_send_item(Box(item))
Producer.send = lambda self, item, timeout=None: self.send_item(Box(item), timeout)
Producer.reclaim = lambda self: _values(self.reclaim_items())
Consumer.try_receive = lambda self: self.try_receive_item().value
Consumer.receive = lambda self, timeout=None: self.receive_item(timeout).value
_open = Store.open
Store.open = lambda path: _open(os.fspath(path))

__all__ = [each.__name__ for each in ALL]
__all__ += ["BusyHandle", "CallbackFailed", "ChannelEmpty", "ChannelFull", "ClosedHandle", "DatabaseError", "DeadTarget"]
__all__ += ["FencedHandle", "HandleError", "HasChildren", "InternalError", "NativePanic", "NotText", "OutOfRange"]
__all__ += ["StaleHandle", "WrongThread", "channel", "core_ledger"]
