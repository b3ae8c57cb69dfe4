"""The part of `deadhand._native` that is about tasks. A stub only: import from `deadhand._native`."""

from collections.abc import Callable, Generator
from typing import Any, Generic, Literal, TypedDict, TypeVar, final, type_check_only

from deadhand._native import HandleError

_Result = TypeVar("_Result")

class TaskPending(HandleError):
    """The task is not done: wait for it."""

class TaskCancelled(HandleError):
    """The task was cancelled, so there is no result. Who awaits it was not cancelled: that would be a `CancelledError`."""

class WouldDeadlock(HandleError):
    """A thread that runs tasks cannot wait for one: wait on another thread."""

class ForkedRuntime(HandleError):
    """The runtime's threads are in the parent process: make a new runtime after the fork."""

@type_check_only
class _Closing(TypedDict):
    told: int
    still_running: int

@final
class Runtime:
    """Native threads that run tasks. Any thread may use it.

    Closing or dropping it ends the tasks that are pending: their state is "stopped", and who waits is told with
    `ClosedHandle`. After `close` all methods but that raise `StaleHandle` or `ClosedHandle`. One that is dropped
    unclosed is closed, with a `ResourceWarning`. In a child that was forked it starts nothing any more.
    """

    def __new__(cls, workers: int = 1) -> Runtime:
        """Start `workers` threads, 1 to 8. Each runs one task at a time; tasks that sleep take none.

        Raises:
            ValueError: there cannot be so many.
            OSError: the system gave no threads.
        """

    def spawn(self, function: Callable[..., _Result], *args: object) -> Task[_Result]:
        """Start a task that calls `function` with `args` on a thread of the runtime.

        Its result is what that returns, or the exception that it raises. A call that is under way runs to its end,
        whatever becomes of the task. At the interpreter's end no call begins, and those under way have a second.

        Raises:
            ForkedRuntime: the process was forked since the runtime was made. So for all tasks.
        """

    def sleep(self, time: float, result: _Result = ...) -> Task[_Result]:
        """Start a task that waits `time` seconds, 0 or more, for which it takes no thread. Its result is `result`, or None."""

    def count_primes(self, limit: int) -> Task[int]:
        """Start a task that counts the primes below `limit`, 0 to 4294967295, in native code, which can be cancelled."""

    def panic(self) -> Task[Any]:
        """Start a task that panics, for tests: who waits for it gets `NativePanic`, and nothing else is affected."""

    def running(self) -> int:
        """Return how many tasks run, or wait to."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic` and leaves the runtime fenced off. Its tasks go on."""

    def close(self, timeout: float = 1.0) -> _Closing:
        """End the tasks that are pending, and wait for the threads without the GIL, for at most `timeout` seconds.

        `told` is how many tasks were pending, `still_running` how many hold a thread still. On a thread of a runtime it
        waits for nothing. Ctrl-C is noticed when the time is over. Closing it again does nothing.
        """

    @property
    def closed(self) -> bool:
        """Whether it is closed."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Runtime: ...
    def __exit__(self, *exception: object) -> None: ...

@final
class Task(Generic[_Result]):
    """Work on a runtime that has a result. Any number of threads and coroutines may wait for it, also when it is done.

    Cancelling who waits ends that wait only; `cancel`, `close` and the end of a with statement end the task. It does
    not keep its runtime. After `close` all methods but that raise `StaleHandle` or `ClosedHandle`. One that is dropped
    while it is pending is cancelled, with a `ResourceWarning`; one that has ended needs no close.
    """

    def __await__(self) -> Generator[Any, None, _Result]:
        """Wait for the result, in a coroutine that asyncio runs. Raises what `wait` raises."""

    def wait(self, timeout: float | None = None) -> _Result:
        """Return the result when it is there. Waits without the GIL, and Ctrl-C ends it.

        Args:
            timeout: seconds, 0 or more; None waits without end.

        Raises:
            TimeoutError: it was not done in time.
            TaskCancelled: it was cancelled.
            ClosedHandle: its runtime was closed, or the interpreter ends.
            StaleHandle: it was closed meanwhile.
            NativePanic: it panicked.
            WouldDeadlock: it is not done, and this is a thread of a runtime.
            ForkedRuntime: it is not done, and its threads are in the parent process.
            BaseException: what its function raised.
        """

    def result(self) -> _Result:
        """Return the result now.

        Raises:
            TaskPending: it is not done; and for the rest, as `wait`.
        """

    def cancel(self) -> bool:
        """Cancel it and return whether it is cancelled, now or before. One that has ended stays as it is."""

    @property
    def state(self) -> Literal["pending", "done", "raised", "cancelled", "stopped", "panicked"]:
        """How it is; "stopped" means: with its runtime."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: raises `NativePanic` and leaves the task fenced off."""

    def close(self) -> None:
        """Let go of it and its result; cancel it if it is pending. Who waits is woken. Closing it again does nothing."""

    @property
    def closed(self) -> bool:
        """Whether it is closed."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Task[_Result]: ...
    def __exit__(self, *exception: object) -> None: ...
