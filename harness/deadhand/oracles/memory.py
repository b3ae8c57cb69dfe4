"""Memory: what the page guard wrote down, told by the steps that allocated, freed and touched.

A touch that faulted ended the process and is told by the oracle `death`, with the words from here. What is judged here did
not: a system call that was given freed memory, which the kernel answers with an error that few look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadhand.model import history as H  # noqa: N812  the letters of the records
from deadhand.model.program import refs
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.oracles.view import View

_DONE = {"read": "read", "write": "written", "touch": "touched", "free": "freed"}
_OWNED = {"use after unmap": ("mapping", "mapped", "unmapped")}
"""Words for memory that is no block: what it is, how it came, how it went."""

_NOWHERE = ("null pointer", "wild pointer", "stack overflow")
"""Kinds of faults at addresses of which nothing is known."""

_WORD = 1 << 64


@dataclass(frozen=True)
class Moment:
    """A step, or a phase if `step` is no step's number, and a thread: -1 is one that the library made."""

    step: int
    thread: int

    @property
    def phase(self) -> str:
        """The phase between steps, or an empty string."""
        at = self.step - H.PHASE_MARK
        return H.PHASES[at] if 0 <= at < len(H.PHASES) else ""


@dataclass(frozen=True)
class Account:
    """One record of the guard. A moment is None when it was before the program, or never."""

    kind: str
    access: str
    offset: int
    size: int
    made: Moment | None
    freed: Moment | None
    touched: Moment | None

    @property
    def by_system_call(self) -> bool:
        """Whether the kernel was given the memory: that ends no process."""
        return self.access.endswith("()")

    @property
    def step(self) -> int:
        """The step that touched, 0 for none."""
        return abs(self.touched.step) if self.touched is not None and not self.touched.phase else 0


def accounts(history: History) -> list[Account]:
    """What the guard wrote down, in order, but for its own troubles."""
    found = []
    for event in history.events:
        if event[0] == H.GUARD and event[1] != H.EXHAUSTED:
            made, freed, touched = (Moment(*each) if each is not None else None for each in event[5:])
            found.append(Account(event[1], event[2], event[3], event[4], made, freed, touched))
    return found


def fatal(history: History) -> Account | None:
    """What ended the process, if the guard saw it."""
    if history.death is None or history.death.kind != "signal":
        return None
    return next((each for each in accounts(history) if not each.by_system_call), None)


def judge(view: View) -> list[Finding]:
    """One finding for each step that gave freed memory to a system call."""
    found: dict[int, Finding] = {}
    for each in accounts(view.history):
        if each.by_system_call:
            phase = each.touched.phase if each.touched is not None and each.touched.phase else "steps"
            found.setdefault(each.step, Finding("memory", each.kind, f"a system call was given freed memory: {sentence(view.program, each)}", each.step, phase))
    return list(found.values())


def ended_before(view: View, account: Account) -> str:
    """For a pointer of which nothing is known: which step had ended the handle that was in use. `; step 3 close() had ended connection_1`, or nothing."""
    ran = view.timeline.by_number(account.step)
    if account.kind not in _NOWHERE or ran is None:
        return ""
    mine = set(refs(ran.step))
    for name in tuple(mine):
        mine |= view.timeline.ancestors(name)
    for each in reversed(view.timeline.ran):
        operation = view.timeline.operation(each)
        ended = sorted(mine.intersection(refs(each.step)))
        lets_go = each.step.do in ("@drop", "@cycle") or (operation is not None and operation.ends)
        if lets_go and ended and each is not ran and each.over:
            return f"; step {each.number} {called(each.step.do)} had ended {', '.join(ended)}"
    return ""


def called(name: str) -> str:
    """A step's name as in a sentence."""
    return name if name.startswith("@") else f"{name}()"


def sentence(program: Program, account: Account) -> str:
    """`8 bytes into a block of 72 bytes: allocated by step 2, freed by step 5 close() (thread 1), read by step 6 fetchone()`."""
    moments = (account.made, account.freed, account.touched)
    several = len({each.thread for each in moments if each is not None}) > 1
    last = _when(program, account.touched, several)
    done = f"given to {account.access}" if account.by_system_call else _DONE[account.access]
    if account.kind in _NOWHERE:
        return f"the stack is exhausted {last}" if account.kind == "stack overflow" else f"address {account.offset % _WORD:#x} {done} {last}"
    noun, came, went = _OWNED.get(account.kind, ("block", "allocated", "freed"))
    parts = [f"{came} {_when(program, account.made, several)}"] if account.made is not None or account.size else []
    if account.freed is not None or account.kind in ("use after free", "double free", "use after unmap"):
        parts.append(f"{went} {_when(program, account.freed, several)}")
    again = {"double free": "freed again", "slack written": "found when it was freed"}
    parts.append(f"{again.get(account.kind, done)} {last}")
    return f"{_where(account, noun)}: {', '.join(parts)}"


def _where(account: Account, noun: str) -> str:
    if not account.size and account.made is None:
        return "an address between guarded blocks"
    block = f"a {noun} of {account.size} bytes"
    if account.kind == "double free":
        return block
    if account.kind == "slack written":
        return f"byte {account.offset} of {block} was written"
    if account.kind == "invalid free":
        return f"{account.offset} bytes into {block}, where none begins"
    if 0 <= account.offset < max(account.size, 1):
        return f"{account.offset} bytes into {block}"
    return f"{account.offset - account.size} bytes behind {block}" if account.offset > 0 else f"{-account.offset} bytes before {block}"


def _when(program: Program, moment: Moment | None, several: bool) -> str:
    if moment is None:
        return "before the program"
    thread = "" if not several else " (a thread of the library)" if moment.thread < 0 else f" (thread {moment.thread})"
    if moment.phase:
        where = {"setup": "by the plan's setup()", "teardown": "by the plan's teardown()", "steps": "between two steps"}.get(moment.phase)
        return (where or f"in the phase '{moment.phase}' after the last step") + thread
    name = next((step.do for number, step, _ in program.walk() if number == abs(moment.step)), "")
    return f"by step {abs(moment.step)}{f' {called(name)}' if name else ''}{thread}"


def stacks(history: History) -> list[tuple[str, list[str]]]:
    """(what happened there, frames) of each native stack, where they were taken."""
    words = {"made": "allocated", "freed": "freed", "touched": "touched"}
    told: list[tuple[str, list[str]]] = []
    for event in history.events:
        if event[0] == H.FRAMES and all(isinstance(line, str) for line in event[2]):
            lines: list[Any] = event[2]
            told.append((words.get(event[1], event[1]), lines))
    return told
