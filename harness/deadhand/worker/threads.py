"""The threads of a program: thread 0 is the main thread; the others are started when first needed and then parked."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_Work = tuple["Callable[[Any], None]", Any, "threading.Barrier | None", threading.Event]


class Crew:
    """Runs steps on numbered threads: one at a time, or several at once."""

    def __init__(self) -> None:
        self._queues: dict[int, queue.SimpleQueue[_Work | None]] = {}
        self._threads: list[threading.Thread] = []

    def run(self, thread: int, function: Callable[[Any], None], argument: Any) -> None:
        """Run on one thread and wait for it."""
        done = threading.Event()
        self._hand(thread, (function, argument, None, done))
        done.wait()

    def together(self, calls: list[tuple[int, Callable[[Any], None], Any]], delays: dict[int, float] | None = None) -> None:
        """Start all calls at once, each on its thread, and wait for all; calls on one thread run in turn.

        `delays`: seconds that a thread waits once all are there, before its first call.
        """
        delays = delays or {}
        calls = [(thread, _delayed, (delays.pop(thread), function, argument)) if thread in delays else (thread, function, argument) for thread, function, argument in calls]
        threads = sorted({thread for thread, _, _ in calls})
        barrier = threading.Barrier(len(threads))
        waiting: list[threading.Event] = []
        first: dict[int, bool] = {}
        here: list[tuple[Callable[[Any], None], Any]] = []
        for thread, function, argument in calls:
            if thread == 0:
                here.append((function, argument))
                continue
            done = threading.Event()
            self._hand(thread, (function, argument, None if thread in first else barrier, done))
            first[thread] = True
            waiting.append(done)
        if here:
            barrier.wait()
        for function, argument in here:
            function(argument)
        for done in waiting:
            done.wait()

    def side_by_side(self, calls: list[tuple[int, Callable[[Any], None], Any]]) -> None:
        """Run one call on each of several threads, in no order of ours, and wait for all."""
        waiting: list[threading.Event] = []
        here: list[tuple[Callable[[Any], None], Any]] = []
        for thread, function, argument in calls:
            if thread == 0:
                here.append((function, argument))
                continue
            done = threading.Event()
            self._hand(thread, (function, argument, None, done))
            waiting.append(done)
        for function, argument in here:
            function(argument)
        for done in waiting:
            done.wait()

    def forget(self) -> None:
        """End the threads, so that nothing of a program stays on their stacks, and none of them disturbs the next one."""
        for waiting in self._queues.values():
            waiting.put(None)
        self._queues.clear()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def end(self, thread: int) -> bool:
        """End one thread and wait for it; False when there is none of that number. The next step on it starts another one."""
        waiting = self._queues.pop(thread, None)
        if waiting is None:
            return False
        waiting.put(None)
        ended = next(each for each in self._threads if each.name == f"deadhand-{thread}")
        ended.join()
        self._threads.remove(ended)
        return True

    def _hand(self, thread: int, work: _Work) -> None:
        waiting = self._queues.get(thread)
        if waiting is None:
            waiting = self._queues[thread] = queue.SimpleQueue()
            started = threading.Thread(target=_serve, args=(waiting,), daemon=True, name=f"deadhand-{thread}")
            self._threads.append(started)
            started.start()
        waiting.put(work)


def _delayed(call: Any) -> None:
    seconds, function, argument = call
    time.sleep(seconds)
    function(argument)


def _serve(waiting: queue.SimpleQueue[_Work | None]) -> None:
    while True:
        work = waiting.get()
        if work is None:
            return
        function, argument, barrier, done = work
        if barrier is not None:
            barrier.wait()
        try:
            function(argument)
        finally:
            del work, function, argument  # the step's objects must not stay on this stack
            done.set()
