"""Hand-made histories and what every oracle must say of them, with the MAD class; harmless ones give nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deadhand import oracles
from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import Death, History
from deadhand.model.program import Blob, Hostile, Lent, Program, Ref, Step
from deadhand.model.status import DEADLOCK
from deadhand.model.verdict import Finding, Verdict
from deadhand.oracles import ORACLES, classes, judge, verdict
from deadhand.oracles.sanitizer import sentence
from deadhand.target.loader import load

if TYPE_CHECKING:
    from deadhand.target.describe import Description

pytestmark = pytest.mark.timeout(60)

PLAN = """
from hypothesis import strategies as st
from deadhand import *

class Toy(Target):
    store = Handle(after_dispose=raises(KeyError), second_dispose=raises(KeyError))
    reader = Handle(parent=store, when_parent_disposed=raises(KeyError))
    loose = Handle(parent=store, threads="creator", overlap=False)

    @creates(store)
    def make(self): ...

    @creates(reader)
    def open(self, store): ...

    @creates(loose)
    def loosen(self, store): ...

    @uses
    def call(self, store, callback: Reentry, lent: Borrowed = st.binary()): ...

    @uses
    def use(self, reader): ...

    @uses
    def touch_loose(self, loose): ...

    @reads
    def read(self, store): ...

    @reads
    def read_reader(self, reader): ...

    @identity
    def who(self, store): ...

    @uses(after_dispose=works)
    def lenient(self, store): ...

    @uses
    async def fetch(self, store): ...

    @invalidates(reader)
    def clear(self, store): ...

    @restarts
    def restart(self): ...

    @disposes(store)
    def close(self, store): ...

    @disposes(reader)
    def close_reader(self, reader): ...
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Description:
    path = tmp_path_factory.mktemp("toy") / "plan.py"
    path.write_text(PLAN, encoding="utf-8")
    return load(str(path))[0]


def step(do: str, *names: str, out: str | None = None, **options: Any) -> Step:
    """A step whose handle arguments are named after their kinds."""
    args: dict[str, Any] = {("handle" if do[0] == "@" else name.partition("_")[0]): Ref(name) for name in names}
    return Step(do=do, args=args | options.pop("args", {}), out=out, **options)


def short(times: int) -> Step:
    """Calls of `read` in which an allocation fails."""
    return step("@shortage", args={"operation": "read", "from": 3, "times": times, "store": Ref("store_1")})


def elsewhere(do: str, *body: Step, **args: Any) -> Step:
    """A hazard whose steps run in another process or another interpreter."""
    return Step(do=do, args={"inside": Hostile(protocol="steps", body=body) if body else None, **args})


MAKE = step("make", out="store_1")
OPEN = step("open", "store_1", out="reader_1")
CLOSE, CLEAR, READ = step("close", "store_1"), step("clear", "store_1"), step("read", "store_1")
DROP = step("@drop", "store_1")
RESURRECT, RESTART = step("@resurrect", "store_1"), step("restart")
LEFT_TOGETHER = Step(do="@cycle", args={"handle": Ref("reader_1"), "other": Ref("store_1")})

KEY_ERROR = ["builtins.KeyError", "builtins.LookupError", "builtins.Exception", "builtins.BaseException"]
VALUE_ERROR = ["builtins.ValueError", "builtins.Exception", "builtins.BaseException"]
OTHER_ERROR = ["builtins.OSError", "builtins.Exception", "builtins.BaseException"]
RUNTIME_ERROR = ["builtins.RuntimeError", "builtins.Exception", "builtins.BaseException"]
PANIC = ["pyo3_runtime.PanicException", "builtins.BaseException"]
BORROWED = "Already borrowed"
CANCELLED = ["asyncio.exceptions.CancelledError", "builtins.BaseException"]


class Story:
    """A history in the making: every step returns unless told otherwise, nested ones in the middle of theirs."""

    def __init__(self, *steps: Step, ending: str = "collect") -> None:
        self.program = Program(steps, ending)
        self.outcomes: dict[int, list[Any]] = {}
        self.before: dict[int, list[list[Any]]] = {}
        self.tail: list[list[Any]] = [[H.PHASE, "teardown"], [H.PHASE, "drop"], [H.PHASE, "collect"]]
        self.death: Death | None = None
        self.died_in = 0
        self.died_in_phase = ""
        self.damage: str | None = None
        self.last_words: list[list[Any]] = []

    def raised(self, number: int, names: list[str], message: str = "", *, in_plan: bool = False) -> Story:
        self.outcomes[number] = [H.RAISED, number, names, message, in_plan]
        return self

    def returned(self, number: int, shown: str | None = None, *, fill: int | None = None, kind: str | None = None, buffer: bool | None = None) -> Story:
        self.outcomes[number] = [H.RETURNED, number, shown, fill, kind, buffer]
        return self

    def skipped(self, number: int) -> Story:
        self.outcomes[number] = [H.SKIPPED, number, "why"]
        return self

    def observed(self, ending: int, read: int, shown: str) -> Story:
        self.before.setdefault(ending, []).append([H.OBSERVED, ending, read, shown])
        return self

    def says(self, number: int, *events: list[Any]) -> Story:
        """What is written down in the middle of a step."""
        self.before.setdefault(number, []).extend(events)
        return self

    def after(self, *events: list[Any]) -> Story:
        self.tail += events
        return self

    def dies(self, step: int = 0, phase: str = "", *, kind: str = "signal", name: str = "SIGSEGV", stderr: str = "") -> Story:
        self.death, self.died_in, self.died_in_phase = Death(kind, name, stderr), step, phase
        return self

    def stuck(self, kind: str, *rows: list[Any], step: int = 3) -> Story:
        """The scheduler's last word, while `step` is under way."""
        self.last_words = [[H.STUCK, kind, 0, list(rows)]]
        return self.dies(step, kind="exit", name=str(DEADLOCK))

    def events(self) -> list[list[Any]]:
        found: list[list[Any]] = [[H.PHASE, "setup"], [H.PHASE, "steps"]]
        walked = list(self.program.walk())

        def tell(number: int) -> bool:
            found.append([H.BEGIN, number, 0])
            found.extend(self.before.get(number, ()))
            for inner, _, inside in walked:
                if inside == number and not tell(inner):
                    return False
            if number == self.died_in:
                return False
            made = walked[number - 1][1].out
            found.append(self.outcomes.get(number, [H.RETURNED, number, None, None, "Thing" if made else None, False if made else None]))
            return True

        for number, _, inside in walked:
            if not inside and not tell(number):
                return found + self.last_words
        for event in self.tail:
            found.append(event)
            if self.died_in_phase and event == [H.PHASE, self.died_in_phase]:
                return found
        return [*found, [H.DONE]]

    def history(self) -> History:
        return History(self.events(), "stock", self.death is None, self.death, self.damage)

    def judge(self, target: Description) -> list[Finding]:
        return judge(target, self.program, self.history())

    def told(self, target: Description) -> list[tuple[str, str, str, int]]:
        return [(each.oracle, each.kind, each.mad, each.step) for each in self.judge(target)]


def callback(*body: Step, **options: Any) -> dict[str, Any]:
    return {"callback": Hostile("callback", body=tuple(body), **options)}


HARMLESS = {
    "plain": Story(MAKE, OPEN, step("use", "reader_1"), step("close_reader", "reader_1"), CLOSE),
    "raises what it must": Story(MAKE, CLOSE, step("call", "store_1", args=callback())).raised(3, KEY_ERROR),
    "bad arguments may raise more": Story(MAKE, CLOSE, step("call", "store_1")).raised(3, VALUE_ERROR),
    "second dispose raises": Story(MAKE, CLOSE, CLOSE).raised(3, KEY_ERROR),
    "child raises": Story(MAKE, OPEN, CLOSE, step("use", "reader_1")).raised(4, KEY_ERROR),
    "child may be disposed of": Story(MAKE, OPEN, CLOSE, step("close_reader", "reader_1")),
    "same answer": Story(MAKE, CLOSE, READ).observed(2, 3, "int 1").returned(3, "int 1"),
    "a read that raises": Story(MAKE, CLOSE, READ).observed(2, 3, "int 1").raised(3, OTHER_ERROR),
    "a lenient operation": Story(MAKE, CLOSE, step("lenient", "store_1")),
    "a failed dispose promises nothing": Story(MAKE, CLOSE, CLOSE).raised(2, OTHER_ERROR),
    "reinitialised": Story(MAKE, step("@reinitialise", "store_1"), CLOSE, READ).observed(3, 4, "int 1").returned(4, "int 2"),
    "reinitialised in the middle of a call": Story(MAKE, CLOSE, step("call", "store_1", args=callback(step("@reinitialise", "store_1")))),
    "its parent reinitialised in the middle of a call": Story(MAKE, OPEN, CLOSE, step("call", "store_1", args=callback(step("@reinitialise", "store_1"), step("use", "reader_1")))),
    "a second __init__ that failed": Story(MAKE, step("@reinitialise", "store_1"), CLOSE, step("call", "store_1")).raised(2, OTHER_ERROR),
    "overlapping calls": Story(MAKE, CLOSE, step("call", "store_1", thread=1, overlap=True)).raised(3, OTHER_ERROR),
    "skipped": Story(step("close", "store_1"), MAKE).skipped(1),
    "kept by contract": Story(MAKE).after([H.SURVIVOR, 1, "it", False, True]),
    "ledger is back": Story(MAKE).after([H.LEDGER, "alive", 3, 3]),
    "two names": Story(MAKE, step("make", out="store_2"), step("who", "store_1"), step("who", "store_2")).returned(3, "int 1").returned(4, "int 2"),
    "a name used again after an end": Story(MAKE, step("who", "store_1"), CLOSE, step("make", out="store_2"), step("who", "store_2")).returned(2, "int 1").returned(5, "int 1"),
    "our own raise": Story(MAKE, step("call", "store_1", args=callback(raises=True))).raised(2, ["deadhand.worker.fire.Raised", "builtins.RuntimeError", "builtins.Exception"]),
    "fill that the program wrote": Story(MAKE, step("call", "store_1", args={"lent": Blob(fill=0xA5, size=99)})).returned(2, fill=0xA5),
    "a changed answer that a use explains": Story(MAKE, OPEN, CLEAR, step("use", "reader_1"), step("read_reader", "reader_1")).observed(3, 5, "int 1").returned(5, "int 2"),
    "no step at all": Story(),
    "closed in a forked child, and not here": Story(MAKE, elsewhere("@fork", CLOSE), step("call", "store_1")),
    "a forked child says no": Story(MAKE, elsewhere("@fork", step("call", "store_1"))).raised(3, OTHER_ERROR),
    "made and closed in a second interpreter": Story(MAKE, elsewhere("@subinterpreter", step("make", out="store_2"), step("close", "store_2")), READ),
    "what came back says no": Story(MAKE, RESURRECT, READ).observed(2, 3, "int 1").raised(3, OTHER_ERROR),
    "what came back is as it was": Story(MAKE, RESURRECT, READ).observed(2, 3, "int 1").returned(3, "int 1"),
    "of an earlier life": Story(MAKE, RESTART, step("call", "store_1")).raised(3, KEY_ERROR),
    "growth within the noise": Story(MAKE).after([H.GREW, 24, [2, 64, 0, 0], [2, 0, 0, 0], []]),
    "refused while it is closed": Story(MAKE, CLOSE, step("read", "store_1", thread=1, overlap=True)).raised(3, RUNTIME_ERROR, BORROWED),
    "refused what something made of it may hold": Story(MAKE, OPEN, READ).raised(3, RUNTIME_ERROR, BORROWED),
    "refused in words that are not about borrowing": Story(MAKE, READ).raised(2, RUNTIME_ERROR, "busy"),
    "what may be used by one at a time refuses a second": Story(MAKE, step("loosen", "store_1", out="loose_1"), step("touch_loose", "loose_1"), step("touch_loose", "loose_1", overlap=True)).raised(4, RUNTIME_ERROR, BORROWED),
    "what was cut short is not judged": Story(MAKE, CLOSE, step("fetch", "store_1", flight="cancel")),
    "what waits for its own thread": Story(MAKE, step("read", "store_1", thread=1)).after([H.SURVIVOR, 1, "store_1", False, False], [H.LATE, ["store_1"]]),
    "a queue with a limit": Story(MAKE, step("@flood", "store_1", args={"operation": "lenient", "limit": 32})).after([H.FLOOD, 2, 32, [100, 400, 400, 400]]),
    "a queue that fills up in time": Story(MAKE, step("@flood", "store_1", args={"operation": "", "limit": 0})).after([H.FLOOD, 2, 0, [100, 9000, 15000, 18000]]),
    "creator's thread": Story(MAKE, step("loosen", "store_1", out="loose_1", thread=2), step("touch_loose", "loose_1", thread=2)),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_nothing_is_said_of_a_harmless_run(toy: Description, name: str) -> None:
    assert HARMLESS[name].told(toy) == []
    assert verdict(HARMLESS[name].judge(toy)) == Verdict.PASS


REENTRANT_CLOSE = step("call", "store_1", args=callback(CLOSE))
DYING = step("call", "store_1", args=callback(CLEAR, when="death", cycle=True))

FOUND: dict[str, tuple[Story, list[tuple[str, str, str, int]]]] = {
    "use after dispose": (Story(MAKE, CLOSE, step("call", "store_1")), [("contract", "returned", "MAD-01", 3)]),
    "wrong exception": (Story(MAKE, CLOSE, step("call", "store_1")).raised(3, OTHER_ERROR), [("contract", "wrong exception", "MAD-01", 3)]),
    "second dispose returns": (Story(MAKE, CLOSE, CLOSE), [("contract", "returned", "MAD-02", 3)]),
    "crash after dispose": (Story(MAKE, CLOSE, step("call", "store_1")).dies(3), [("death", "SIGSEGV", "MAD-01", 3)]),
    "crash in second dispose": (Story(MAKE, CLOSE, CLOSE).dies(3, name="SIGABRT", stderr="free(): double free detected"), [("death", "SIGABRT", "MAD-02", 3)]),
    "orphan returns": (Story(MAKE, OPEN, CLOSE, step("use", "reader_1")), [("contract", "returned", "MAD-05", 4)]),
    "outlived child crashes": (Story(MAKE, OPEN, DROP, step("use", "reader_1")).dies(4), [("death", "SIGSEGV", "MAD-05", 4)]),
    "a view outlives its storage": (Story(MAKE, OPEN, DROP, step("use", "reader_1")).returned(2, kind="memoryview", buffer=True).dies(4), [("death", "SIGSEGV", "MAD-11", 4)]),
    "epoch": (Story(MAKE, OPEN, CLEAR, step("use", "reader_1")).dies(4), [("death", "SIGSEGV", "MAD-05", 4)]),
    "another answer": (Story(MAKE, CLOSE, READ).observed(2, 3, "int 1").returned(3, "int 9"), [("observation", "wrong answer", "MAD-01", 3)]),
    "another's answer": (
        Story(MAKE, CLOSE, step("make", out="store_2"), READ).observed(2, 4, "int 1").returned(4, "int 9"),
        [("observation", "wrong answer", "MAD-03", 4)],
    ),
    "freed memory": (Story(MAKE, CLOSE, READ).returned(3, "int -1", fill=0xA5), [("observation", "freed memory", "MAD-01", 3)]),
    "stale identity": (
        Story(MAKE, step("who", "store_1"), CLOSE, step("make", out="store_2"), step("who", "store_1")).returned(2, "int 1").returned(5, "int 2"),
        [("identity", "another object", "MAD-03", 5)],
    ),
    "two the same": (
        Story(MAKE, step("make", out="store_2"), step("who", "store_1"), step("who", "store_2")).returned(3, "int 1").returned(4, "int 1"),
        [("identity", "two the same", "MAD-03", 4)],
    ),
    "close in a callback": (Story(MAKE, REENTRANT_CLOSE).dies(2), [("death", "SIGSEGV", "MAD-14", 2)]),
    "clear in a callback": (Story(MAKE, OPEN, step("call", "store_1", args=callback(CLEAR))).dies(3), [("death", "SIGSEGV", "MAD-15", 3)]),
    "crash inside the callback": (Story(MAKE, step("call", "store_1", args=callback(CLOSE, step("call", "store_1")))).dies(4), [("death", "SIGSEGV", "MAD-14", 4)]),
    "dying in a cycle": (Story(MAKE, DYING).dies(2), [("death", "SIGSEGV", "MAD-08", 2)]),
    "deadlock with the GIL": (
        Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).stuck("deadlock", [0, 2, "pthread_mutex_lock", 1, "mutex 1"], [1, 3, "PyEval_RestoreThread", 0, "the GIL"]),
        [("deadlock", "deadlock", "MAD-22", 3)],
    ),
    "lost wake-up": (
        Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).stuck("lost wake-up", [0, 2, "pthread_cond_wait", -1, "condition 1"], step=2),
        [("deadlock", "lost wake-up", "MAD-22", 2)],
    ),
    "livelock": (
        Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).stuck("livelock", [0, 2, "nothing: it runs", -1, ""], [1, -1, "nothing: it runs", -1, ""], step=2),
        [("deadlock", "livelock", "MAD-22", 2)],
    ),
    "deadlock with itself": (
        Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).stuck("deadlock", [0, 2, "pthread_mutex_lock", 0, "mutex 1"], step=2),
        [("deadlock", "deadlock", "MAD-16", 2)],
    ),
    "hang in a callback": (Story(MAKE, REENTRANT_CLOSE).dies(2, kind="hang", name="5 s"), [("hang", "hang", "MAD-14", 2)]),
    "hang in the collector": (Story(MAKE, step("@collect")).dies(2, kind="hang", name="5 s"), [("hang", "hang", "MAD-16", 2)]),
    "hang of two threads": (Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).dies(3, kind="hang", name="5 s"), [("hang", "hang", "MAD-22", 3)]),
    "system error": (Story(MAKE, READ).raised(2, ["builtins.SystemError", "builtins.Exception"]), [("boundary", "SystemError", "MAD-17", 2)]),
    "panic": (Story(MAKE, READ).raised(2, ["pyo3_runtime.PanicException", "builtins.BaseException"], "no"), [("boundary", "PanicException", "MAD-17", 2)]),
    "lost exception": (Story(MAKE).after([H.LOST, "in f", KEY_ERROR, "no"]), [("unraisable", "KeyError", "MAD-17", 0)]),
    "leak": (Story(MAKE).after([H.SURVIVOR, 1, "store_1", False, False]), [("liveness", "leak", "MAD-07", 0)]),
    "cycle": (Story(MAKE, step("call", "store_1", args=callback(cycle=True))).after([H.SURVIVOR, 2, "callback of step 2", True, False]), [("liveness", "cycle", "MAD-06", 0)]),
    "ledger up": (Story(MAKE).after([H.LEDGER, "alive", 0, 1]), [("ledger", "leak", "MAD-07", 0)]),
    "ledger up after a raise": (Story(MAKE, READ).raised(2, VALUE_ERROR).after([H.LEDGER, "alive", 0, 1]), [("ledger", "leak", "MAD-04", 0)]),
    "ledger down, a step on another thread": (Story(MAKE, step("read", "store_1", thread=1)).after([H.LEDGER, "alive", 1, 0]), [("ledger", "freed twice", "MAD-02", 0)]),
    "ledger down": (Story(MAKE).after([H.LEDGER, "alive", 1, 0]), [("ledger", "freed twice", "MAD-02", 0)]),
    "assertion": (Story(MAKE, READ).raised(2, ["builtins.AssertionError", "builtins.Exception"], "1 != 2", in_plan=True), [("assertion", "wrong value", "MAD-07", 2)]),
    "dispose while in use": (Story(MAKE, READ, step("close", "store_1", thread=1, overlap=True)).dies(3), [("death", "SIGSEGV", "MAD-18", 3)]),
    "two disposals at once": (Story(MAKE, CLOSE, step("close", "store_1", thread=1, overlap=True)).dies(3), [("death", "SIGSEGV", "MAD-19", 3)]),
    "wrong thread": (Story(MAKE, step("loosen", "store_1", out="loose_1"), step("touch_loose", "loose_1", thread=1)), [("contract", "returned", "MAD-20", 3)]),
    "crash on another thread": (Story(MAKE, step("read", "store_1", thread=1)).dies(2), [("death", "SIGSEGV", "MAD-20", 2)]),
    "crash at exit": (Story(MAKE, ending="exit").after([H.THREADS, 1], [H.PHASE, "exit"]).dies(phase="exit"), [("death", "SIGSEGV", "MAD-10", 0)]),
    "crash at exit beside a thread of the library": (Story(MAKE, ending="exit").after([H.THREADS, 2], [H.PHASE, "exit"]).dies(phase="exit"), [("death", "SIGSEGV", "MAD-25", 0)]),
    "crash in a forked child": (Story(MAKE, elsewhere("@fork", READ)).dies(3), [("death", "SIGSEGV", "MAD-28", 3)]),
    "hang in a forked child": (Story(MAKE, elsewhere("@fork", READ)).dies(3, kind="hang", name="5 s"), [("hang", "hang", "MAD-28", 3)]),
    "crash at the exit of a forked child": (Story(MAKE, elsewhere("@fork", leave="exit")).says(2, [H.PHASE, H.FORK_EXIT]).dies(2), [("death", "SIGSEGV", "MAD-28", 0)]),
    "hang at the exit of a forked child": (Story(MAKE, elsewhere("@fork", leave="exit")).says(2, [H.PHASE, H.FORK_EXIT]).dies(2, kind="hang", name="5 s"), [("hang", "hang", "MAD-28", 0)]),
    "crash after a second interpreter": (Story(MAKE, elsewhere("@subinterpreter"), READ).dies(3), [("death", "SIGSEGV", "MAD-27", 3)]),
    "an earlier life answers": (Story(MAKE, RESTART, step("call", "store_1")), [("contract", "returned", "MAD-26", 3)]),
    "crash of what came back": (Story(MAKE, RESURRECT, READ).dies(3), [("death", "SIGSEGV", "MAD-09", 3)]),
    "what came back lies": (Story(MAKE, RESURRECT, READ).observed(2, 3, "int 1").returned(3, "int 9"), [("observation", "wrong answer", "MAD-09", 3)]),
    "crash while coming back": (Story(MAKE, OPEN, Step(do="@resurrect", args=LEFT_TOGETHER.args)).dies(3), [("death", "SIGSEGV", "MAD-08", 3)]),
    "left to the collector together": (Story(MAKE, OPEN, LEFT_TOGETHER).dies(phase="collect"), [("death", "SIGSEGV", "MAD-08", 0)]),
    "exit nobody asked for": (Story(MAKE, READ).dies(2, kind="exit", name="3"), [("death", "exit 3", "MAD-07", 2)]),
    "crash while dropping an orphan": (Story(MAKE, OPEN, CLOSE).dies(phase="drop"), [("death", "SIGSEGV", "MAD-05", 0)]),
    "uninitialised": (Story(MAKE, step("@uninitialised", "store_1", out="store_2"), step("read", "store_2")).dies(3), [("death", "SIGSEGV", "MAD-01", 3)]),
    "borrowed buffer": (Story(MAKE, step("call", "store_1", args={"lent": Lent(Blob(hex="00"))}), READ).dies(3), [("death", "SIGSEGV", "MAD-12", 3)]),
    "callback after its target": (Story(MAKE, step("call", "store_1", args=callback()), READ).dies(3), [("death", "SIGSEGV", "MAD-13", 3)]),
    "each repetition leaves blocks": (Story(MAKE, READ).after([H.GREW, 24, [2, 64, 0, 0], [1, 0, 0, 0], [[1, 0, 2, 64]]]), [("growth", "blocks", "MAD-07", 1)]),
    "each repetition leaves a descriptor": (Story(MAKE, READ).after([H.GREW, 24, [2, 64, 1, 0], [0, 0, 0, 0], [[1, 0, 2, 64]]]), [("growth", "descriptors", "MAD-07", 0)]),
    "freed memory given to a system call": (Story(MAKE, READ).after([H.GUARD, "use after free", "write()", 0, 64, [1, 0], [1, 0], [2, 0]]), [("memory", "use after free", "MAD-07", 2)]),
    "borrowed by another thread": (Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).raised(3, RUNTIME_ERROR, BORROWED), [("borrow", "thread", "MAD-23", 3)]),
    "a panic about a borrow": (Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).raised(2, PANIC, "already mutably borrowed: BorrowError"), [("borrow", "thread", "MAD-23", 2)]),
    "borrowed by the call it runs inside": (Story(MAKE, step("call", "store_1", args=callback(READ))).raised(3, RUNTIME_ERROR, BORROWED), [("borrow", "re-entry", "MAD-23", 3)]),
    "never given back by what has ended": (Story(MAKE, OPEN, step("@drop", "reader_1"), READ).raised(4, RUNTIME_ERROR, BORROWED), [("borrow", "kept", "MAD-23", 4)]),
    "never given back": (Story(MAKE, READ).raised(2, RUNTIME_ERROR, BORROWED), [("borrow", "kept", "MAD-23", 2)]),
    "not given back by a cancelled call": (Story(MAKE, step("fetch", "store_1", flight="cancel"), READ).raised(2, CANCELLED).raised(3, RUNTIME_ERROR, BORROWED), [("borrow", "kept", "MAD-29", 3)]),
    "a cancelled call leaks": (Story(MAKE, step("fetch", "store_1", flight="cancel")).raised(2, CANCELLED).after([H.LEDGER, "alive", 0, 1]), [("ledger", "leak", "MAD-29", 0)]),
    "a call leaks with its loop": (Story(MAKE, step("fetch", "store_1", flight="close")).raised(2, VALUE_ERROR).after([H.LEDGER, "alive", 0, 1]), [("ledger", "leak", "MAD-30", 0)]),
    "a loop touched from outside": (Story(MAKE, step("fetch", "store_1")).after([H.FOREIGN, 2, "call_soon"]), [("loop", "foreign thread", "MAD-30", 2)]),
    "nobody was told of the end": (Story(MAKE, step("fetch", "store_1")).dies(2, kind="hang", name="5 s"), [("hang", "hang", "MAD-30", 2)]),
    "a closed loop was told": (Story(MAKE).after([H.LOST, "thread", RUNTIME_ERROR, "Event loop is closed"]), [("unraisable", "RuntimeError", "MAD-30", 0)]),
    "dropped on another thread": (Story(MAKE, step("@drop", "store_1", thread=1)).after([H.LEDGER, "alive", 0, 1]), [("ledger", "leak", "MAD-20", 0)]),
    "a panic on another thread": (Story(MAKE, step("read", "store_1", thread=1)).raised(2, PANIC, "unsendable"), [("boundary", "PanicException", "MAD-20", 2)]),
    "collected on another thread": (Story(MAKE, step("@cycle", "store_1"), step("@collect", thread=1)).after([H.LOST, "drop", RUNTIME_ERROR, "dropped on another thread"]), [("unraisable", "RuntimeError", "MAD-20", 0)]),
    "its maker's thread is over": (Story(step("make", out="store_1", thread=1), step("@end_thread", args={"thread": 1}), READ).dies(3), [("death", "SIGSEGV", "MAD-20", 3)]),
    "a dead handle on another thread": (Story(MAKE, CLOSE, step("call", "store_1", thread=1)), [("contract", "returned", "MAD-01", 3)]),
    "released later": (Story(MAKE).after([H.SURVIVOR, 1, "store_1", False, False], [H.LATE, ["store_1"]]), [("liveness", "deferred", "MAD-21", 0)]),
    "one of two released later": (Story(MAKE).after([H.SURVIVOR, 1, "a", False, False], [H.SURVIVOR, 1, "b", False, False], [H.LATE, ["a"]]), [("liveness", "leak", "MAD-07", 0)]),
    "freed without the GIL": (
        Story(MAKE, READ).dies(2, name="SIGABRT", stderr="Fatal Python error: _PyMem_DebugFree: Python memory allocator called without holding the GIL"),
        [("death", "SIGABRT", "MAD-21", 2)],
    ),
    "an object dies on a thread that Python does not know": (
        Story(MAKE, step("call", "store_1", args=callback()), READ).dies(3, stderr="Fatal Python error: Segmentation fault\n\nThread 0x00 (most recent call first):\n  File"),
        [("death", "SIGSEGV", "MAD-21", 3)],
    ),
    "a queue without a limit": (Story(MAKE, step("@flood", "store_1", args={"operation": "lenient", "limit": 32})).after([H.FLOOD, 2, 32, [100, 400, 1000, 2200]]), [("growth", "queue", "MAD-31", 2)]),
    "a queue that somebody else fills": (Story(MAKE, step("@flood", "store_1", args={"operation": "", "limit": 0})).after([H.FLOOD, 2, 0, [100, 400, 1000, 2200]]), [("growth", "queue", "MAD-31", 2)]),
    "dies where memory fails": (Story(MAKE, short(times=1)).dies(2), [("death", "SIGSEGV", "MAD-17", 2)]),
    "dies in the call after memory failed": (Story(MAKE, short(times=2)).dies(2), [("death", "SIGSEGV", "MAD-04", 2)]),
    "dies later of memory that failed": (Story(MAKE, short(times=1), READ).dies(3), [("death", "SIGSEGV", "MAD-04", 3)]),
    "leaks where memory fails": (Story(MAKE, short(times=1)).after([H.LEDGER, "alive", 0, 1]), [("ledger", "leak", "MAD-04", 0)]),
    "after a raise in a callback": (Story(MAKE, step("call", "store_1", args=callback(raises=True)), READ).raised(2, VALUE_ERROR).dies(3), [("death", "SIGSEGV", "MAD-04", 3)]),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_wrong_is_found_and_named(toy: Description, name: str) -> None:
    story, expected = FOUND[name]
    assert story.told(toy) == expected
    assert verdict(story.judge(toy)) == Verdict.VIOLATION
    for finding in story.judge(toy):
        assert finding.detail
        assert finding.certain


def test_what_a_callback_of_before_does_in_a_forked_child_is_not_done_here(toy: Description) -> None:
    program = Program((MAKE, step("call", "store_1", args=callback(CLOSE)), elsewhere("@fork", step("call", "store_1")), step("call", "store_1")))
    events: list[list[Any]] = [[H.PHASE, "setup"], [H.PHASE, "steps"]]
    for number, *inside in ((1,), (2,), (4, 5, 3), (6,)):
        events += [[H.BEGIN, each, 0] for each in (number, *inside)]
        events += [[H.RETURNED, each, None, None, "Thing" if each == 1 else None, None] for each in (*reversed(inside), number)]
    assert judge(toy, program, History([*events, [H.DONE]], "stock", complete=True)) == []


def test_a_deadlock_names_threads_steps_and_locks(toy: Description) -> None:
    story = Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True))
    rows = [[0, 2, "pthread_mutex_lock", 1, "mutex 1"], [1, 3, "PyEval_RestoreThread", 0, "the GIL"], [2, -1, "pthread_cond_wait", -1, "condition 1"]]
    (found,) = story.stuck("deadlock", *rows).judge(toy)
    assert found.detail == (
        "nobody can go on: thread 0 (step 2, read) holds the GIL and waits for mutex 1; thread 1 (step 3, read) holds mutex 1 and waits for the GIL; "
        "thread 2 (of the library itself) waits for condition 1"
    )


def test_the_status_of_a_deadlock_without_its_record_is_a_death(toy: Description) -> None:
    assert [each.oracle for each in Story(MAKE).dies(1, kind="exit", name=str(DEADLOCK)).judge(toy)] == ["death"]


def test_every_oracle_is_exercised() -> None:
    assert {told[0] for _, expected in FOUND.values() for told in expected} == set(ORACLES)


@pytest.mark.parametrize(
    ("name", "certain"),
    [("SIGSEGV", True), ("SIGABRT", True), ("SIGBUS", True), ("SIGALRM", True), ("signal 40", True), ("SIGKILL", False), ("SIGXFSZ", False), ("SIGXCPU", False), ("SIGTERM", False)],
)
def test_a_death_from_outside_is_not_certain(toy: Description, name: str, certain: bool) -> None:
    findings = Story(MAKE).dies(1, name=name).judge(toy)
    assert [each.certain for each in findings] == [certain]
    assert verdict(findings) == (Verdict.VIOLATION if certain else Verdict.UNKNOWN)


def test_a_broken_harness_is_unknown(toy: Description) -> None:
    findings = Story(MAKE).dies(1, kind="exit", name="88").judge(toy)
    assert [(each.kind, each.certain) for each in findings] == [("broken", False)]
    assert verdict(findings) == Verdict.UNKNOWN


def test_a_damaged_journal_is_unknown(toy: Description) -> None:
    story = Story(MAKE)
    story.damage = "1 torn"
    findings = story.judge(toy)
    assert [(each.kind, each.detail) for each in findings] == [("damaged journal", "1 torn")]
    assert verdict(findings) == Verdict.UNKNOWN


def test_a_crashed_oracle_is_unknown_and_hides_no_other(toy: Description, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: object) -> list[Finding]:
        raise ZeroDivisionError("oops")

    monkeypatch.setitem(oracles.ORACLES, "identity", crash)
    findings = HARMLESS["plain"].judge(toy)
    assert [(each.oracle, each.kind, each.detail, each.certain) for each in findings] == [("identity", "oracle crashed", "ZeroDivisionError: oops", False)]
    assert verdict(findings) == Verdict.UNKNOWN
    both = FOUND["use after dispose"][0].judge(toy)
    assert {each.oracle for each in both} == {"identity", "contract"}
    assert verdict(both) == Verdict.VIOLATION


@pytest.mark.parametrize("line", ["free(): double free detected in tcache 2", "Fatal Python error: Bus error", "thread 'main' panicked at src/lib.rs:1"])
def test_a_death_quotes_why_it_aborted(toy: Description, line: str) -> None:
    [finding] = Story(MAKE).dies(1, name="SIGABRT", stderr=f"noise\n{line}\nmore").judge(toy)
    assert line in finding.detail


def test_a_death_names_the_innermost_open_step(toy: Description) -> None:
    story = Story(MAKE, step("call", "store_1", args=callback(CLOSE, READ))).dies(4)
    [finding] = story.judge(toy)
    assert finding.step == 4
    assert "during step 4" in finding.detail


def test_an_observation_that_crashes_belongs_to_its_step(toy: Description) -> None:
    """A read taken before an end has a negative number: the death is told of the read that it stands for."""
    story = Story(MAKE, CLOSE, READ)
    events = [[H.PHASE, "steps"], [H.BEGIN, 1, 0], [H.RETURNED, 1, None, None, "Thing", False], [H.BEGIN, 2, 0], [H.BEGIN, -3, 0]]
    [finding] = judge(toy, story.program, History(events, "stock", death=Death("signal", "SIGSEGV")))
    assert finding.step == 3


@pytest.mark.parametrize("events", [[], [[H.PHASE, "setup"]], [[H.BEGIN, 99, 0]], [[H.RETURNED, 1, None, None, None, None]], [[H.OBSERVED, 9, 9, "x"]], [[H.RAISED, 0, KEY_ERROR, "no server", True]]])
def test_odd_histories_crash_no_oracle(toy: Description, events: list[list[Any]]) -> None:
    findings = judge(toy, Story(MAKE, OPEN, CLOSE).program, History(events, "stock"))
    assert [each for each in findings if each.kind == "oracle crashed"] == []


ASAN = """\
=================================================================
==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x607 at pc 0x7f bp 0x7ffd sp 0x7ffd
READ of size 8 at 0x607000000100 thread T0
    #0 0x7f1 in __interceptor_memcpy /build/sanitizer_common.inc:827
    #1 0x7f2 in block_use c/blocks.c:160
    #2 0x7f3 in cfunction_vectorcall_NOARGS Objects/methodobject.c:481

0x607000000100 is located 0 bytes inside of 72-byte region [0x607000000100,0x607000000148)
freed by thread T0 here:
    #0 0x7f4 in __interceptor_free ../asan_malloc_linux.cpp:52
    #1 0x7f5 in let_go c/blocks.c:114

previously allocated by thread T0 here:
    #0 0x7f6 in __interceptor_malloc ../asan_malloc_linux.cpp:69
    #1 0x7f7 in block_new c/blocks.c:46

SUMMARY: AddressSanitizer: heap-use-after-free c/blocks.c:160 in block_use
"""
DOUBLE = ASAN.replace("heap-use-after-free on address 0x607 at", "attempting double-free on 0x607 in thread T0:").replace("READ of size 8 at 0x607000000100 thread T0\n", "")
TSAN = """\
WARNING: ThreadSanitizer: data race (pid=77)
  Write of size 4 at 0x7b04 by thread T2:
    #0 store race.c:9 (librace.so+0x123)
  Previous read of size 4 at 0x7b04 by thread T1:
    #0 load race.c:5 (librace.so+0x456)
"""
UBSAN = "src/value.c:12:7: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'\n"

SANITIZED = {
    "asan": (ASAN, "AddressSanitizer: heap-use-after-free, READ of size 8 in block_use blocks.c:160; freed in let_go blocks.c:114; allocated in block_new blocks.c:46"),
    "double free": (DOUBLE, "AddressSanitizer: double-free in block_use blocks.c:160; freed in let_go blocks.c:114; allocated in block_new blocks.c:46"),
    "tsan": (TSAN, "ThreadSanitizer: data race, Write of size 4 in store race.c:9; the other in load race.c:5"),
    "ubsan": (UBSAN, "UndefinedBehaviorSanitizer: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int' in src/value.c:12:7"),
    "nothing": ("Fatal Python error: Aborted\n", ""),
}


@pytest.mark.parametrize("name", SANITIZED)
def test_a_sanitizers_report_is_one_sentence(toy: Description, name: str) -> None:
    stderr, told = SANITIZED[name]
    assert sentence(stderr) == told
    (finding,) = Story(MAKE).dies(1, name="SIGABRT", stderr=stderr).judge(toy)
    assert told in finding.detail


def test_users_that_met_without_a_gil_raced(toy: Description, monkeypatch: pytest.MonkeyPatch) -> None:
    """What two threads do to a handle that neither ends is kept apart by a GIL where there is one."""
    users = Story(MAKE, READ, step("read", "store_1", thread=1, overlap=True)).dies(3)
    closer = Story(MAKE, READ, step("close", "store_1", thread=1, overlap=True)).dies(3)
    monkeypatch.setattr(classes, "FREE_THREADED", False)
    assert [users.told(toy)[0][2], closer.told(toy)[0][2]] == ["MAD-18", "MAD-18"]
    monkeypatch.setattr(classes, "FREE_THREADED", True)
    assert [users.told(toy)[0][2], closer.told(toy)[0][2]] == ["MAD-24", "MAD-18"]
