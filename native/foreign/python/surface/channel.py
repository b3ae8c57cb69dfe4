"""Channels. Native moves numbers; the objects lie on one shelf that both ends hold, where the collector sees them."""

from __future__ import annotations

import time
from typing import Any

from . import errors
from ._low import function, pointer
from .arguments import seconds, size
from .kept import RELEASE, Shelf, take
from .owned import Owned

_new = function("channel_new", "n", "hh")
_try_send = function("producer_try_send", "hpf")
_send = function("producer_send", "hpfd")
_try_receive = function("consumer_try_receive", "h", "p")
_receive = function("consumer_receive", "hd", "p")
_another_producer = function("producer_another", "h", "h")
_another_consumer = function("consumer_another", "h", "h")
_producer_counts = function("producer_counts", "h", "C")
_consumer_counts = function("consumer_counts", "h", "C")
_reclaim = function("producer_reclaim", "h", "I")
_producer_close = function("producer_close", "h", "I")
_consumer_close = function("consumer_close", "h", "I")
_SIGNALS = 0.05  # how long a Ctrl-C may go unnoticed


def channel(capacity: int) -> tuple[Producer, Consumer]:
    """Make a channel in which `capacity` items can wait, and return its two ends."""
    places = size(capacity, "capacity", "pass how many items can wait, 1 to 1048576")
    producer, consumer = _new(places)
    contents = Shelf()
    return Producer._end(producer, contents), Consumer._end(consumer, contents)


class _End(Owned):
    __slots__ = ("_contents",)
    _how = "use channel()"

    @classmethod
    def _end(cls, handle: int, contents: Shelf) -> Any:
        self = cls._of(handle)
        self._contents = contents
        return self


class Producer(_End):
    """The end of a channel that sends. Any number of threads may use it at once."""

    __slots__ = ()

    def try_send(self, item: object) -> None:
        """Send `item` now, or raise `ChannelFull`."""
        number = self._contents.keep(item)
        try:
            _try_send(self._handle, pointer(number), RELEASE)
        except errors.WouldBlock as error:
            take(number)
            raise errors.ChannelFull(str(error)) from None
        except Exception:
            take(number)
            raise

    def send(self, item: object, timeout: float | None = None) -> None:
        """Send `item` when there is room; after `timeout` seconds raise `TimeoutError`. None waits without end."""
        patience = seconds(timeout)
        number = self._contents.keep(item)
        try:
            _wait(patience, lambda slice_: _send(self._handle, pointer(number), RELEASE, slice_))
        except Exception:
            take(number)
            raise

    def another(self) -> Producer:
        """Make another producer of the same channel."""
        return Producer._end(_another_producer(self._handle), self._contents)

    def reclaim(self) -> list[Any]:
        """Return the items that a last consumer left behind when it was dropped."""
        return [take(number) for number in _reclaim(self._handle)]

    def counts(self) -> dict[str, int]:
        """Return what the channel has done so far."""
        return _producer_counts(self._handle)

    def close(self) -> list[Any]:
        """Close it and wake who waits. The last end of a channel returns the items that are left."""
        return [take(number) for number in _producer_close(self._handle)]


class Consumer(_End):
    """The end of a channel that receives. Any number of threads may use it at once; each item goes to one of them."""

    __slots__ = ()

    def try_receive(self) -> Any:
        """Receive the oldest item now, or raise `ChannelEmpty`."""
        try:
            return take(_try_receive(self._handle))
        except errors.WouldBlock as error:
            raise errors.ChannelEmpty(str(error)) from None

    def receive(self, timeout: float | None = None) -> Any:
        """Receive an item when there is one; after `timeout` seconds raise `TimeoutError`. None waits without end."""
        return take(_wait(seconds(timeout), lambda slice_: _receive(self._handle, slice_)))

    def another(self) -> Consumer:
        """Make another consumer of the same channel."""
        return Consumer._end(_another_consumer(self._handle), self._contents)

    def counts(self) -> dict[str, int]:
        """Return what the channel has done so far."""
        return _consumer_counts(self._handle)

    def close(self) -> list[Any]:
        """Close it and wake who waits. The last consumer of a channel returns the items that are left."""
        return [take(number) for number in _consumer_close(self._handle)]


def _wait(patience: float | None, attempt: Any) -> Any:
    """Try for that long, in slices between which Python looks at signals."""
    deadline = None if patience is None else time.monotonic() + patience
    while True:
        left = _SIGNALS if deadline is None else max(deadline - time.monotonic(), 0.0)
        try:
            return attempt(min(left, _SIGNALS))
        except TimeoutError:
            if deadline is not None and left <= _SIGNALS:
                raise
