"""The part of `deadhand._native` that is about channels. A stub only: import from `deadhand._native`."""

from collections.abc import Coroutine
from typing import Any, TypedDict, final, type_check_only

from deadhand._native import HandleError

class ChannelFull(HandleError):
    """As many items wait in the channel as can: receive first, wait, or drop the item."""

class ChannelEmpty(HandleError):
    """No item waits in the channel: send first, or wait."""

@type_check_only
class _Counts(TypedDict):
    capacity: int
    producers: int
    consumers: int
    sent: int
    received: int
    returned: int
    in_flight: int

def channel(capacity: int) -> tuple[Producer, Consumer]:
    """Make a channel in which `capacity` items can wait, 1 to 1048576, and return its two ends.

    The collector sees what waits in it, so an item may hold an end of its own channel.
    """

@final
class Producer:
    """The end of a channel that sends. Any number of threads may use it at once.

    When the last consumer is closed, sending raises `ClosedHandle`, also for those who wait. After `close` all methods
    but that raise `StaleHandle` or `ClosedHandle`. One that is dropped unclosed is closed, with a `ResourceWarning`.
    """

    def try_send(self, item: object) -> None:
        """Send `item` now.

        Raises:
            ChannelFull: there is no room.
        """

    def send(self, item: object, timeout: float | None = None) -> None:
        """Send `item` when there is room. Waits without the GIL, and Ctrl-C ends it.

        Args:
            item: any object.
            timeout: seconds, 0 or more; None waits without end.

        Raises:
            TimeoutError: there was no room in time; the item is not sent.
            ClosedHandle: meanwhile this producer or the last consumer was closed.
        """

    def send_async(self, item: object) -> Coroutine[Any, None, None]:
        """Send `item` when there is room, as a coroutine: when it is awaited, where asyncio runs.

        Cancelled before, it has sent nothing; limit the time with `asyncio.wait_for`.

        Raises (when it is awaited):
            ClosedHandle: meanwhile this producer or the last consumer was closed.
            RuntimeError: no asyncio loop runs here, or it was awaited before.
        """

    def another(self) -> Producer:
        """Make another producer of the same channel."""

    def reclaim(self) -> list[Any]:
        """Return the items that a last consumer left behind when it was dropped."""

    def counts(self) -> _Counts:
        """Return what the channel has done so far: `sent` is always `received + returned + in_flight`."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the producer is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> list[Any]:
        """Close it and wake who waits. The last end of a channel returns the items that are left.

        What was sent before is still received. Closing it again does nothing.
        """

    @property
    def closed(self) -> bool:
        """Whether it is closed."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Producer: ...
    def __exit__(self, *exception: object) -> None: ...

@final
class Consumer:
    """The end of a channel that receives. Any number of threads may use it at once; each item goes to one of them.

    When the last producer is closed and all is received, receiving raises `ClosedHandle`, also for those who wait.
    After `close` all methods but that raise `StaleHandle` or `ClosedHandle`. One that is dropped unclosed is closed,
    with a `ResourceWarning`; the items that the last one leaves are there for `Producer.reclaim`.
    """

    def try_receive(self) -> Any:
        """Receive the oldest item now.

        Raises:
            ChannelEmpty: there is none.
        """

    def receive(self, timeout: float | None = None) -> Any:
        """Receive an item when there is one. Waits without the GIL, and Ctrl-C ends it.

        Args:
            timeout: seconds, 0 or more; None waits without end.

        Raises:
            TimeoutError: there was none in time.
            ClosedHandle: meanwhile this consumer or the last producer was closed.
        """

    def receive_async(self) -> Coroutine[Any, None, Any]:
        """Receive an item when there is one, as a coroutine: when it is awaited, where asyncio runs.

        Cancelled before, it has received nothing; limit the time with `asyncio.wait_for`.

        Raises (when it is awaited):
            ClosedHandle: meanwhile this consumer or the last producer was closed.
            RuntimeError: no asyncio loop runs here, or it was awaited before.
        """

    def another(self) -> Consumer:
        """Make another consumer of the same channel."""

    def counts(self) -> _Counts:
        """Return what the channel has done so far: `sent` is always `received + returned + in_flight`."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the consumer is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> list[Any]:
        """Close it and wake who waits. The last consumer of a channel returns the items that are left.

        At the end of a with statement nobody gets them. Closing it again does nothing.
        """

    @property
    def closed(self) -> bool:
        """Whether it is closed."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Consumer: ...
    def __exit__(self, *exception: object) -> None: ...
