"""Runtimes and tasks. What a task gives stays in Python, beside the task; native knows only when."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import time
import weakref
from typing import Any

from . import errors
from ._low import callback, function, pointer
from .arguments import seconds, size, wrong_type
from .exits import Calling
from .kept import NOTHING, RELEASE, Shelf, find
from .owned import Owned

_start = function("runtime_new", "n", "h")
_running = function("runtime_running", "h", "n")
_close_runtime = function("runtime_close", "hd", "L")
_spawn = function("task_spawn", "hfpf", "h")
_sleep = function("task_sleep", "hdpf", "h")
_wait = function("task_wait", "hd")
_fate = function("task_fate", "h", "i")
_cancel = function("task_cancel", "h", "i")
_on_done = function("task_on_done", "hfpf")
_close_task = function("task_close", "h")
_panic = function("task_provoke_panic", "h")
_PENDING, _FINISHED, _CANCELLED, _CLOSED, _PANICKED = range(5)
_SIGNALS = 0.05  # how long a Ctrl-C may go unnoticed
_PATIENCE = 1.0
_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()


def _work(user: int, find: Any = find, nothing: Any = NOTHING) -> int:
    order = find(user)
    if order is nothing:
        return 1
    call, args, outcome = order
    try:
        outcome.append((True, call(*args)))
    except BaseException as error:  # noqa: BLE001  whatever it is, it is for who waits
        outcome.append((False, error))
    return 0


def _done(user: int, _how: int, find: Any = find, nothing: Any = NOTHING) -> None:
    waiter = find(user)
    if waiter is not nothing:
        loop, future = waiter
        with contextlib.suppress(RuntimeError):  # its loop was closed
            loop.call_soon_threadsafe(_ring, future)


def _ring(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_WORK, _DONE = callback("work", _work), callback("done", _done)


class Runtime(Owned):
    """Native threads that run tasks. Any thread may use it; closing it ends the tasks that are pending."""

    __slots__ = ()

    def __new__(cls, workers: int = 1) -> Runtime:
        self = cls._of(_start(size(workers, "workers")))
        _runtimes.add(self)
        return self

    def spawn(self, call: Any, *args: object) -> Task:
        """Start a task that calls `call` with `args` on a thread of the runtime."""
        if not callable(call):
            raise wrong_type(call, "function", "callable", "pass a function or a method")
        kept, outcome = Shelf(), []
        number = kept.keep((call, args, outcome))
        with Calling():
            return Task._task(_spawn(self._handle, _WORK, pointer(number), RELEASE), kept, outcome)

    def sleep(self, time: float, result: Any = None) -> Task:
        """Start a task that waits `time` seconds, for which it takes no thread. Its result is `result`."""
        patience = seconds(time)
        if patience is None:
            raise wrong_type(time, "time", "a number", "pass seconds")
        return Task._task(_sleep(self._handle, patience, pointer(0), pointer(0)), Shelf(), [(True, result)])

    def running(self) -> int:
        """Return how many tasks run, or wait to."""
        return _running(self._handle)

    def close(self, timeout: float = _PATIENCE) -> dict[str, int]:
        """End the tasks that are pending, and wait for the threads for at most `timeout` seconds."""
        with Calling():
            return _close_runtime(self._handle, seconds(timeout))


class Task(Owned):
    """Work on a runtime that has a result. Any number of threads and coroutines may wait for it, also when it is done."""

    __slots__ = ("_kept", "_outcome")
    _how = "use runtime.spawn() or runtime.sleep()"

    @classmethod
    def _task(cls, handle: int, kept: Shelf, outcome: list[tuple[bool, Any]]) -> Any:
        self = cls._of(handle)
        self._kept, self._outcome = kept, outcome
        return self

    def __await__(self) -> Any:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        number = self._kept.keep((loop, future))
        with Calling():
            _on_done(self._handle, _DONE, pointer(number), RELEASE)
        yield from future
        return self.result()

    def wait(self, timeout: float | None = None) -> Any:
        """Return the result when it is there; after `timeout` seconds raise `TimeoutError`. None waits without end."""
        patience = seconds(timeout)
        deadline = None if patience is None else time.monotonic() + patience
        while True:
            left = _SIGNALS if deadline is None else max(deadline - time.monotonic(), 0.0)
            try:
                _wait(self._handle, min(left, _SIGNALS))
                return self.result()
            except TimeoutError:
                if deadline is not None and left <= _SIGNALS:
                    raise

    def result(self) -> Any:
        """Return the result now, or raise `TaskPending`, or what its function raised."""
        fate = _fate(self._handle)
        if fate == _FINISHED:
            answered, what = self._outcome[0]
            if answered:
                return what
            raise what
        told = {
            _PENDING: (errors.TaskPending, "the task is not done: wait for it"),
            _CANCELLED: (errors.TaskCancelled, "the task was cancelled"),
            _CLOSED: (errors.ClosedHandle, "the runtime of the task was closed before it was done: close it after its tasks"),
        }
        kind, text = told.get(fate, (errors.NativePanic, "the task panicked"))
        raise kind(text)

    def cancel(self) -> bool:
        """Cancel it and return whether it is cancelled, now or before. One that has ended stays as it is."""
        with Calling():
            return _cancel(self._handle) == _CANCELLED

    @property
    def state(self) -> str:
        """How it is: pending, done, raised, cancelled, stopped (with its runtime) or panicked."""
        fate = _fate(self._handle)
        if fate == _FINISHED:
            return "done" if self._outcome[0][0] else "raised"
        return {_PENDING: "pending", _CANCELLED: "cancelled", _CLOSED: "stopped"}.get(fate, "panicked")

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic` and leaves the task fenced off."""
        _panic(self._handle)

    def close(self) -> None:
        """Let go of it; cancel it if it is pending. Who waits is woken."""
        with Calling():
            _close_task(self._handle)


@atexit.register
def _end() -> None:
    # A thread of a runtime that asks for the GIL after this would be ended by unwinding it, below which is Rust.
    for each in list(_runtimes):
        with contextlib.suppress(errors.HandleError):
            _close_runtime(each._handle, _PATIENCE)
