"""The scheduler: which thread goes on, inside native code and at the GIL. In regions, and nowhere else."""

from collections.abc import Sequence
from typing import Literal, TypedDict, final, type_check_only

from deadhand._native import Journal

@type_check_only
class _Status(TypedDict):
    slots: int
    objects: int
    skipped: list[tuple[str, str]]
    gil: bool

@type_check_only
class _Report(TypedDict):
    decisions: int
    switches: list[tuple[int, int]]
    hash: int
    control: Literal["full", "partial", "none"]
    why: list[str]
    diverged: int | None
    stops: list[tuple[int, int, int, str, int]]

@final
class Scheduler:
    """Controls which thread goes on. There is one per process; make it with `Scheduler.arm()`."""

    @staticmethod
    def arm(journal: Journal | None = None) -> Scheduler:
        """Redirect the import slots of this process to the scheduler; again: those of newly loaded objects, too.

        Args:
            journal: where switches and deadlocks are written down at once, so that they survive the process.

        Raises:
            Unsupported: there is nothing here that could be redirected. The text says why.
            RuntimeError: a region is at work.
        """

    def disarm(self) -> None:
        """Give every import slot back what it held.

        Raises:
            RuntimeError: a region is at work.
        """

    def status(self) -> _Status:
        """Return what is redirected: `slots`, `objects`, `skipped` (names and reasons), `gil` (whether it was recognised)."""

    def region(
        self,
        *,
        number: int,
        threads: Sequence[int],
        policy: str,
        seed: int,
        depth: int,
        length: int,
        switches: Sequence[tuple[int, int]],
        budget: int,
    ) -> Region:
        """Make a region, in which one of `threads` runs at a time.

        Args:
            number: its number in the program, for the journal.
            threads: the numbers of the threads that take part.
            policy: `default`, `replay`, `pct`, `pos`, `surw` or `walk`.
            seed: what random choices are made from.
            depth: for `pct`, one more than the number of points where priorities change.
            length: how many decisions are to be expected.
            switches: for `replay`, at which decision which thread goes on.
            budget: after so many polls (yields, vain tries, time-outs), or fifty times as many decisions, it is a livelock.

        Raises:
            ValueError: an argument is out of range.
            RuntimeError: the scheduler is not armed, or another region has not ended.
        """

@final
class Region:
    """Threads that run one at a time, from when all have entered until all have left."""

    def enter(self, thread: int) -> None:
        """Enter as this thread; returns when all have entered and it is this one's turn.

        Raises:
            RuntimeError: the thread does not take part or has entered, or the calling thread is in a region.
        """

    def leave(self, thread: int) -> None:
        """Leave; returns when all have left. In a process that was forked inside the region it does nothing.

        Raises:
            RuntimeError: the calling thread has not entered as this thread.
        """

    def step(self, number: int) -> None:
        """Say which step the calling thread begins, and let others go first."""

    def report(self) -> _Report:
        """Return what happened so far; after the end, all of it.

        `decisions` that were made; `switches`, those that differ from the default, as (decision, thread); `hash` of the
        whole trace; `control` and `why` it is not full; `diverged`, the first given switch that could not be made;
        `stops`, only of the policy "default": where threads stopped, as (decision or -1, threads that could go on then as
        bits, thread, sort of place, number of the lock or 0).
        """

def schedule_point(kind: int = 0, what: int = 0) -> None:
    """Let other threads go first, between two instructions of a Python program. Outside regions it does nothing.

    Args:
        kind: of point; part of the trace.
        what: is about to be touched, as a number; equal ones conflict.
    """
