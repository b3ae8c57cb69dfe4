"""The history that a run leaves: the journal's records, and how the process ended. Written in the child, judged later.

Records are MessagePack arrays whose first item is one of the letters below. They are appended one by one to shared
memory, so that what was written before a crash is there after it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from deadhand.model.schedule import Switch

PROGRAM = "P"  # [P, index in the batch]
BEGIN = "B"  # [B, step, thread]
RETURNED = "R"  # [R, step, digest | None, fill byte | None, type of the handle made | None, exports a buffer]
RAISED = "X"  # [X, step, [class and bases], message, raised in the plan's own code]
SKIPPED = "S"  # [S, step, why]
OBSERVED = "O"  # [O, step about to end a life, reading step it is taken for, digest]
PHASE = "F"  # [F, phase]
LOST = "U"  # [U, where, [class and bases], message]: an exception nobody could catch
LEDGER = "L"  # [L, name, count at start, count at end]
SURVIVOR = "W"  # [W, step, what, in a cycle, kept by contract]
ALIVE = "A"  # [A, how many survivors of all programs of this child are still alive]
IDENT = "T"  # [T, thread, what the system calls it]: so that a dying thread can be told from the others
SWITCH = "C"  # [C, region, decision, thread]: a switch that differs from the default, written by native code as it is made
CONTROL = "K"  # [K, region, "full" | "partial" | "none", hash of the trace, decisions, why it was not full, first decision that diverged | None]
STUCK = "G"  # [G, kind, region, [[thread, step, what it waits for, thread that owns it or -1, name of the lock], …]]: nobody can go on
STOPS = "Q"  # [Q, region, [[decision | -1, bits of the threads that could go on, thread, sort of place, number of the lock or 0], …]]: where threads stopped, in order: everywhere in a run by the default policy, at its switches in a replay
THREADS = "H"  # [H, how many threads the process has as it begins to leave the interpreter]
FOREIGN = "E"  # [E, step, what]: the event loop of a step was touched from another thread than its own
LATE = "I"  # [I, [what, …]]: survivors that died when the library was called once more
FLOOD = "J"  # [J, step, calls, [bytes in use, …]]: after so many calls (0: in so much time) and after 2, 4 and 8 times as many
DONE = "D"  # [D]
GUARD = "V"  # [V, kind, access, offset, size, allocated, freed, touched]: [step, thread] each, or None if it was before the program; written by the page guard
FRAMES = "N"  # [N, "made" | "freed" | "touched", [addresses]], the parent replaces the addresses by text
MAPPINGS = "M"  # [M, part of /proc/self/maps]: for the parent, which takes it out
LEFT = "Y"  # [Y, blocks, bytes, descriptors, threads, [[step, thread, blocks, bytes], …]]: what is alive in all, and the blocks that this program left
GREW = "Z"  # [Z, times, [blocks, bytes, descriptors, threads], the same of an empty program, [[step, thread, blocks, bytes], …]]: what each of so many repetitions added; the parent's

PHASES = ("setup", "steps", "teardown", "drop", "collect", "exit")

FORK_EXIT = "exit of the fork"
"""The phase of a forked process that leaves by a real interpreter exit; the steps go on in the other one."""

PHASE_MARK = 1 << 30
"""A step of this number or above, in a record of the page guard, is a phase: the mark and its place in PHASES."""

EXHAUSTED = "exhausted"
"""The kind of a GUARD record that says that the guard has no addresses left, and no fault."""


_CURRENT = re.compile(r"^Current thread 0x([0-9a-f]+) \(most recent call first\)", re.MULTILINE)


class Death(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a child ended before its time. `kind` is "signal", "exit" or "hang"; `name` the signal or the exit code."""

    kind: str
    name: str
    stderr: str = ""
    stacks: str = ""


class History(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one run of one program."""

    events: list[list[Any]]
    evidence: str
    complete: bool = False
    death: Death | None = None
    damage: str | None = None

    def phase(self) -> str:
        """The last phase that was entered."""
        return next((event[1] for event in reversed(self.events) if event[0] == PHASE), "setup")

    def open_steps(self) -> list[int]:
        """Numbers of the steps that were begun and never ended, outermost first."""
        open_: list[int] = []
        for event in self.events:
            if event[0] == BEGIN:
                open_.append(event[1])
            elif event[0] in (RETURNED, RAISED, SKIPPED) and event[1] in open_:
                open_.remove(event[1])
        return open_


def dying_step(history: History) -> int:
    """The step that was under way on the thread that died: the last one begun, unless the crash report names another thread of ours. 0 for none."""
    open_ = history.open_steps()
    threads = {event[1]: event[2] for event in history.events if event[0] == BEGIN}
    named = _CURRENT.search(history.death.stderr) if history.death is not None else None
    if named is not None:
        thread = next((event[1] for event in history.events if event[0] == IDENT and event[2] == int(named[1], 16)), None)
        open_ = [step for step in open_ if threads.get(step) == thread] or open_
    return abs(open_[-1]) if open_ else 0


class Stuck(msgspec.Struct, frozen=True):
    """One thread of those that cannot go on. `owner` is -1 when what it waits for belongs to nobody."""

    thread: int
    step: int
    waits: str
    owner: int
    lock: str


class Stop(msgspec.Struct, frozen=True):
    """A place at which a thread stopped: `able` are the threads that could have gone on then, as bits; nobody else could if `decision` is -1.

    `sort` is one word (acquire, release, attach and detach of the GIL, free, marked, step …), `lock` tells locks apart, from 1; 0 for none.
    """

    decision: int
    able: int
    thread: int
    sort: str
    lock: int


class Scheduling(msgspec.Struct, frozen=True):
    """What is known of how a run was scheduled.

    `control` is the least of its regions' ("full", "partial", "none"; empty where no region came to its end), `why` what kept it from being full,
    `diverged` the first decision, as (region, decision), at which a replayed switch could not be made.
    """

    switches: tuple[Switch, ...] = ()
    control: str = ""
    why: tuple[str, ...] = ()
    hashes: tuple[int, ...] = ()
    decisions: tuple[int, ...] = ()
    diverged: tuple[int, int] | None = None


def scheduling(history: History) -> Scheduling:
    """Read the records of the scheduler."""
    switches = tuple(Switch(*event[1:]) for event in history.events if event[0] == SWITCH)
    reports = [event for event in history.events if event[0] == CONTROL]
    controls = [event[2] for event in reports]
    return Scheduling(
        switches,
        next((each for each in ("none", "partial", "full") if each in controls), ""),
        tuple(dict.fromkeys(str(why) for event in reports for why in event[5])),
        tuple(event[3] for event in reports),
        tuple(event[4] for event in reports),
        next(((event[1], event[6]) for event in reports if event[6] is not None), None),
    )


def stops(history: History) -> list[Stop]:
    """Where threads stopped, region by region: everywhere if the default policy chose, at the switches of a replay; else empty."""
    return [Stop(*row) for event in history.events if event[0] == STOPS for row in event[2]]


def stuck(history: History) -> tuple[str, list[Stuck]] | None:
    """The kind ("deadlock", "lost wake-up", "livelock") and the threads of a run in which nobody could go on."""
    event = next((event for event in history.events if event[0] == STUCK), None)
    return None if event is None else (event[1], [Stuck(*row) for row in event[3]])


def setup_failure(history: History) -> str | None:
    """What the plan's own setup raised, if it did: then no step ran, and the run says nothing of the library."""
    for event in history.events:
        if event[0] == PHASE and event[1] == "steps":
            return None
        if event[0] == RAISED and event[1] == 0:
            return f"{event[2][0] if event[2] else '?'}: {event[3]}"
    return None


_DECODER = msgspec.msgpack.Decoder()


def decode_record(record: bytes) -> list[Any] | None:
    """One record, or None when a child scribbled over it."""
    try:
        event = _DECODER.decode(record)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return event if isinstance(event, list) and event and isinstance(event[0], str) else None
