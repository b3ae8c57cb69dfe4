"""Runs what is awaited, in a loop of its own, and ends it before its time where the program says so.

Imported only where a plan has `async def` operations, or an operation gave something to await: asyncio is large.
"""

from __future__ import annotations

import asyncio
import threading
import time
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

LINGER = 0.003
"""Seconds after a flight was cut short, in which native code may still complete what nobody waits for."""

_BARE_PAUSES = 50


class Cut(Exception):  # noqa: N818  it is read in reports
    """The program left the call at an await; it has no result."""


class Loop(asyncio.SelectorEventLoop):
    """An event loop that tells when it is touched from another thread than its own, and survives it: the callback is passed on as it should have been."""

    def __init__(self, foreign: Callable[[str], None], lost: Callable[[str, BaseException], None]) -> None:
        super().__init__()
        self._foreign = foreign
        self._lost = lost
        self._home = threading.get_ident()
        self.set_exception_handler(self._tell)

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        if threading.get_ident() != self._home:
            self._foreign("call_soon")
            return self.call_soon_threadsafe(callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        if threading.get_ident() != self._home:
            self._foreign("call_at")
        return super().call_at(when, callback, *args, context=context)

    def _tell(self, _: Any, context: dict[str, Any]) -> None:
        """A callback of the loop raised: nobody could catch that. What a task left behind when it was cut short is no news."""
        error = context.get("exception")
        if error is not None and "handle" in context:
            self._lost("event loop", error)


def fly(
    awaitable: Awaitable[Any],
    flight: str,
    pause: int,
    foreign: Callable[[str], None],
    lost: Callable[[str, BaseException], None],
) -> Any:
    """Await it, also inside a callback of another loop. `flight` says how it ends, `pause` at which of its awaits.

    "": it runs to its end. "cancel": its task is cancelled, and the loop goes on for a while. "drop": it is closed, and the
    loop goes on. "close": the loop is closed, and it is closed after that. "bare": there is no loop at all, and nobody
    waits. Raises what it raises; CancelledError; Cut when it was left without an error.
    """
    coroutine = awaitable if isinstance(awaitable, types.CoroutineType) else _awaiting(awaitable)
    outer = asyncio._get_running_loop()  # noqa: SLF001  asyncio exports it, and has no other way to nest
    asyncio._set_running_loop(None)  # noqa: SLF001
    try:
        if flight == "bare":
            return _bare(coroutine, pause)
        loop = Loop(foreign, lost)
        if flight == "close":
            return _closed(loop, coroutine, pause)
        try:
            return _run(loop, coroutine, flight, pause)
        finally:
            _shut(loop)
    finally:
        asyncio._set_running_loop(outer)  # noqa: SLF001


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


class _Counted:
    """Passes on what a coroutine waits for, and calls `reached` at its n-th await."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], pause: int, reached: Callable[[], None]) -> None:
        self.coroutine = coroutine
        self.left = pause
        self.reached = reached

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                waits_for = self.coroutine.send(value) if error is None else self.coroutine.throw(error)
            except StopIteration as end:
                return end.value
            self.left -= 1
            if self.left == 0:
                self.reached()
            value = error = None
            try:
                value = yield waits_for
            except BaseException as raised:  # noqa: BLE001  it is the coroutine's
                error = raised
            finally:
                waits_for = None  # a future that was left must not live on here


def _run(loop: Loop, coroutine: Coroutine[Any, Any, Any], flight: str, pause: int) -> Any:
    if not flight:
        return loop.run_until_complete(loop.create_task(coroutine))

    def reached() -> None:
        if flight == "drop":
            raise Cut(f"left at await {pause}")
        loop.call_soon(task.cancel)

    counted = _Counted(coroutine, pause, reached)
    task = loop.create_task(_awaiting(counted))
    try:
        return loop.run_until_complete(task)
    finally:
        coroutine.close()
        if counted.left <= 0:
            loop.run_until_complete(asyncio.sleep(LINGER))


def _closed(loop: Loop, coroutine: Coroutine[Any, Any, Any], pause: int) -> Any:
    counted = _Counted(coroutine, pause, loop.stop)  # at once: before anything else of the loop's turn
    watched = _awaiting(counted)
    task = loop.create_task(watched)
    task.add_done_callback(lambda _: loop.stop())
    loop.run_forever()
    if task.done():
        try:
            return task.result()
        finally:
            _shut(loop)
    loop.close()
    time.sleep(LINGER)
    watched.close()  # and through it what it waits for
    raise Cut(f"its loop was closed at await {pause}")


def _bare(coroutine: Coroutine[Any, Any, Any], pause: int) -> Any:
    policy = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(None)
    asyncio.set_event_loop(None)  # else the main thread would be given one, which nobody runs
    try:
        return _driven(coroutine, pause)
    finally:
        asyncio.set_event_loop_policy(policy)  # the next program's main thread is given one as before


def _driven(coroutine: Coroutine[Any, Any, Any], pause: int) -> Any:
    try:
        for _ in range(min(pause, _BARE_PAUSES)):
            coroutine.send(None)
    except StopIteration as end:
        return end.value
    time.sleep(LINGER)
    coroutine.close()
    raise Cut(f"left without a loop at await {pause}")


def _shut(loop: Loop) -> None:
    """As asyncio.run does it: what still runs is cancelled and waited for."""
    try:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
