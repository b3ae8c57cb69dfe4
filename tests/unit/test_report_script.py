"""Exported scripts do what the case did, with nothing but the library."""

import ast
import signal
import subprocess
import sys

import pytest

from deadhand.errors import CaseError, UnsupportedError
from deadhand.model.case import FORMAT, Case
from deadhand.model.program import Blob, Hostile, Items, Lent, Number, Pick, Program, Ref, Step, Text
from deadhand.model.schedule import Switch, replaying
from deadhand.report.script import export_script
from deadhand.target.loader import load

PLAN = '''
"""A store in pure Python, with faults that the program asks for."""
from __future__ import annotations

import enum
import threading
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Borrowed, Handle, Reentry, Target, creates, disposes, hostile, identity, ledger, raises, reads, uses

SIZES = st.sampled_from([1, 2])
FIXED = 7


class Gone(Exception):
    """The store is closed."""


class Color(enum.Enum):
    RED = 1


class Store:
    alive = 0
    kept = []

    def __init__(self, size=1, value=b"old"):
        Store.alive += 1
        self.open, self.value, self.size, self.given = True, value, size, []

    def __del__(self):
        Store.alive -= 1

    def check(self):
        if not self.open:
            raise Gone("closed")

    def __iter__(self):
        return iter([1, 2])

    def __len__(self):
        return 2

    def clear(self):
        self.value = b""


class Item:
    def __init__(self, store):
        self.store = store


def helper(store: Store, sizes: st.SearchStrategy[int] = SIZES) -> Store:
    return store


def marked(function):
    function.marked = True
    return function


class _Base(Target):
    store = Handle(after_dispose=raises(Gone))
    item = Handle(parent=store, when_parent_disposed=raises(Gone))
    LIMIT = FIXED

    def setup(self):
        self.log = []

    @creates(store)
    def open(self, size=SIZES):
        return Store(size)

    @creates(item)
    def take(self, store):
        return Item(helper(store))

    @creates(store)
    def nothing(self):
        return None

    @marked
    @uses
    def use(self, store, value=st.none() | hostile.object()):
        store.check()
        self.log.append(self.LIMIT)

    @uses
    def blind(self, store):
        self.quiet(store)

    def quiet(self, store):
        return store

    @uses
    def touch_item(self, item):
        return item.store.open

    @disposes(store)
    def close(self, store):
        store.check()
        store.open = False
        store.value = b"new"


class Shop(_Base):
    def setup(self):
        super().setup()
        assert self.log == []

    @uses
    def feed(self, store, data: Borrowed = st.binary()):
        store.given.append(data)

    @uses
    def fed(self, store):
        assert all(each == b"abc" for each in store.given), "what was fed has changed"

    @uses
    def call(self, store, reenter: Reentry, how=st.sampled_from([Gone, Color.RED, len, 3])):
        return reenter(store, how)

    @uses
    def index(self, store, at=st.integers() | hostile.index(), more=st.lists(st.integers())):
        return range(5)[at]

    @uses
    def leak(self, store, value=hostile.object()):
        Store.kept.append(value)

    @creates(_Base.item)
    def swallow(self, value=hostile.object()):
        made = Item(0)
        made.value = value
        Store.kept.append(value)
        return made

    @uses
    async def later(self, store):
        store.check()

    @uses
    async def slowly(self, store):
        import asyncio
        await asyncio.sleep(0)
        print("was not cut short", flush=True)

    @uses
    async def hear(self, store):
        import asyncio
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        thread = threading.Thread(target=lambda: future.set_result(None))
        loop.call_soon(thread.start)  # when the future is waited for
        await future

    @uses
    def pile_up(self, store):
        Store.kept.append(bytes(100))

    @uses
    def refuse(self, store):
        raise RuntimeError("Already borrowed")

    @uses
    def write(self, store):
        (self.tmp_path / f"{self.nonce()}").write_text("x")
        assert isinstance(self.tmp_path, Path)

    @uses
    def die(self, store):
        import ctypes

        ctypes.string_at(0)

    @uses
    def hang(self, store):
        threading.Event().wait()

    @uses
    def broken(self, store):
        raise SystemError("bad internal call")

    @reads
    def value(self, store):
        return store.value

    @identity
    def number(self, store):
        return store.size

    @uses
    def flag(self, store, how=st.sampled_from([lambda: 1, lambda: 2])):
        return how()

    @disposes
    def close_badly(self, store):
        store.open = False
        raise OSError("half closed")


class Counting(_Base):
    @ledger
    def alive(self):
        return Store.alive

    @uses
    def lose(self, store):
        Store.alive += 1
'''
STORE = Ref("store_1")
OPEN = Step("open", {"size": 1}, out="store_1")
CLOSE = Step("close", {"store": STORE})


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "shop_plan.py"
    path.write_text(PLAN, encoding="utf-8")
    return {each.cls.__name__: each for each in load(str(path))}


@pytest.fixture
def run(targets, tmp_path):
    def export_and_run(*steps, target="Shop", ending="collect", **facts):
        case = Case(FORMAT, targets[target].name, Program(steps, ending), **({"reproduced": "10/10", "mad": "MAD-14"} | facts))
        text = export_script(case, targets[target])
        assert "hypothesis" not in text
        assert "import deadhand" not in text
        assert "from deadhand" not in text
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, "-X", "faulthandler", str(script)], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return export_and_run


def said(done):
    return [line for line in done.stdout.splitlines() if line.startswith(("WRONG", "LEAK", "OK"))]


def test_nothing_wrong_is_ok(run):
    done = run(OPEN, Step("use", {"store": STORE, "value": None}), CLOSE, Step("use", {"store": STORE, "value": 1}), CLOSE)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "step 1", "step 2", "step 3", "step 4", "step 4 raised Gone: closed", "step 5", "step 5 raised Gone: closed",
        "dropping everything", "collecting", "OK: nothing was wrong in this run",
    ]  # fmt: skip


def test_a_handle_that_is_gone_and_answers_is_wrong(run):
    done = run(OPEN, CLOSE, Step("blind", {"store": STORE}))
    assert done.returncode == 1
    (told,) = said(done)
    assert "step 3 returned although store_1 was disposed of by step 2; the contract says it must raise" in told


def test_a_dispose_that_failed_promises_nothing(run):
    assert said(run(OPEN, Step("close_badly", {"store": STORE}), Step("blind", {"store": STORE}))) == ["OK: nothing was wrong in this run"]


def test_what_did_not_run_inside_ended_nothing(run):
    """Step 3 never runs; it is step 4 that closes."""
    call = Step("use", {"store": STORE, "value": Hostile("index", 1, nth=9, body=(CLOSE,))})
    done = run(OPEN, call, CLOSE, Step("value", {"store": STORE}), Step("blind", {"store": STORE}))
    assert said(done) == [
        "WRONG: step 5 read bytes b'new' from store_1; just before step 4 ended it, the answer was bytes b'old'",
        "WRONG: step 6 returned although store_1 was disposed of by step 4; the contract says it must raise Gone",
    ]


def test_operations_under_an_if(tmp_path):
    path = tmp_path / "plan.py"
    path.write_text(
        "import sys\nfrom deadhand import *\nclass T(Target):\n    c = Handle()\n"
        "    if sys.version_info < (3,):\n        @creates(c)\n        def make(self):\n            return old\n"
        "    else:\n        d = Handle(parent=c)\n        @creates(c)\n        def make(self):\n            return object()\n"
        "        @creates(d)\n        def below(self, c):\n            return [c]\n",
        encoding="utf-8",
    )
    target = load(str(path))[0]
    script = tmp_path / "script.py"
    script.write_text(export_script(Case(FORMAT, target.name, Program((Step("make", out="c_1"), Step("below", {"c": Ref("c_1")}, out="d_1"), Step("@drop", {"handle": Ref("d_1")})))), target), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["step 1", "step 2", "step 3", "dropping everything", "collecting", "OK: nothing was wrong in this run"]


def test_an_orphan_that_answers_is_wrong(run):
    done = run(OPEN, Step("take", {"store": STORE}, out="item_1"), CLOSE, Step("touch_item", {"item": Ref("item_1")}))
    assert "although the parent of item_1 was disposed of by step 3" in said(done)[0]


def test_a_wrong_exception_is_wrong(run):
    done = run(OPEN, CLOSE, Step("broken", {"store": STORE}))
    assert said(done)[0] == "WRONG: step 3 raised SystemError, which must never come out of a call: bad internal call"
    assert "step 3 raised builtins.SystemError (bad internal call) and store_1 was disposed of by step 2" in said(done)[1]


def test_reads_are_compared_with_the_answer_before_the_end(run):
    done = run(OPEN, CLOSE, Step("value", {"store": STORE}), oracle="observation", symptom="wrong answer", step=3)
    assert done.returncode == 1
    assert said(done) == ["WRONG: step 3 read bytes b'new' from store_1; just before step 2 ended it, the answer was bytes b'old'"]


def test_identities_must_differ(run):
    done = run(OPEN, Step("open", {"size": 1}, out="store_2"), Step("number", {"store": STORE}), Step("number", {"store": Ref("store_2")}))
    assert said(done) == ["WRONG: step 4 says store_2 is int 1, which is what step 3 said of another, still alive"]


def test_leaks_are_told(run):
    done = run(OPEN, Step("leak", {"store": STORE, "value": Hostile("object", 1, cycle=True)}), oracle="liveness", symptom="cycle")
    assert done.returncode == 1
    assert said(done) == [f"LEAK: {what} is still alive after everything was dropped and collected" for what in ("store_1", "value of step 2")]


def test_a_value_holds_what_was_made_of_it(run):
    done = run(Step("swallow", {"value": Hostile("object", 1, cycle=True)}, out="item_1"), Step("@reinitialise", {"handle": Ref("item_1")}), oracle="liveness", symptom="cycle")
    assert done.returncode == 1
    assert "LEAK: item_1 is still alive after everything was dropped and collected" in done.stdout


def test_what_is_let_go_is_no_leak(run):
    done = run(OPEN, Step("use", {"store": STORE, "value": Hostile("object", 1, cycle=True)}), Step("index", {"store": STORE, "at": Hostile("index", 1)}), oracle="liveness")
    assert said(done) == ["OK: nothing was wrong in this run"]


def test_the_ledger_is_balanced_at_the_end(run):
    assert said(run(OPEN, Step("@drop", {"handle": STORE}), target="Counting"))[0].startswith("OK")
    done = run(OPEN, Step("lose", {"store": STORE}), target="Counting")
    assert said(done) == ["LEAK: alive() was 0 before the program and 1 after everything was dropped and collected"]


def test_lent_buffers_are_overwritten_and_assertions_count(run):
    done = run(OPEN, Step("feed", {"store": STORE, "data": Lent(Blob(hex="616263"))}), Step("fed", {"store": STORE}))
    assert said(done) == ["WRONG: an assertion failed in step 3: what was fed has changed"]


def test_what_runs_inside_runs_at_its_call_and_may_raise(run):
    inside = (Step("use", {"store": STORE, "value": None}), Step("@drop", {"handle": STORE}))
    call = {"store": STORE, "reenter": Hostile("callback", None, nth=2, body=inside, raises=True, keep="kept_1"), "how": 3}
    done = run(OPEN, Step("call", call), Step("index", {"store": STORE, "at": Hostile("index", 1, body=(CLOSE,)), "more": Items("list", ())}), Step("use", {"store": STORE, "value": 1}))
    assert [line for line in done.stdout.splitlines() if line.startswith("step")] == ["step 1", "step 2", "step 5", "step 6", "step 7", "step 7 raised Gone: closed"]
    call["reenter"] = Hostile("callback", None, body=inside, raises=True, keep="kept_1")
    done = run(OPEN, Step("call", call), Step("@touch", {"handle": Ref("kept_1"), "how": "list"}), Step("use", {"store": STORE, "value": 1}))
    assert [line for line in done.stdout.splitlines() if line.startswith("step")] == [
        "step 1", "step 2", "step 3", "step 4", "step 2 raised Raised: raised by the program, in the middle of the call",
        "step 5", "step 6", "step 6 is left out: there is no store_1",
    ]  # fmt: skip


def test_a_forked_child_ends_the_script_as_it_ended(run):
    done = run(OPEN, Step("@fork", {"inside": Hostile("steps", body=(Step("die", {"store": STORE}),)), "leave": "at once"}), CLOSE)
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout.splitlines()[-1] == "step 3"
    done = run(OPEN, Step("@fork", {"inside": Hostile("steps", body=(CLOSE, Step("blind", {"store": STORE}))), "leave": "at once"}))
    assert done.returncode == 1
    assert said(done)[-1].startswith("WRONG: step 4 returned although store_1 was disposed of by step 3")


def test_a_forked_child_that_hangs_shows_where(run, monkeypatch):
    monkeypatch.setattr("deadhand.report.script_steps._CHILD_PATIENCE", 1)
    done = run(OPEN, Step("@fork", {"inside": Hostile("steps", body=(Step("hang", {"store": STORE}),)), "leave": "at once"}), oracle="hang")
    assert done.returncode == -signal.SIGALRM
    assert "in hang" in done.stderr


def test_steps_when_a_value_dies(run):
    done = run(OPEN, Step("use", {"store": STORE, "value": Hostile("object", 1, body=(CLOSE,), when="death")}), Step("use", {"store": STORE, "value": 1}))
    assert [line for line in done.stdout.splitlines() if line.startswith("step")] == ["step 1", "step 2", "step 3", "step 4", "step 4 raised Gone: closed"]


HOWS = ("repr", "list", "len", "bytes", "view", "iterator", "next", "drain", "clear", "first", "write", "copy", "equal", "hash", "truth", "attributes", "sizeof", "reduce")


def test_every_hazard_has_its_code(run):
    pytest.importorskip("_testcapi", reason="the script of a shortage asks CPython's own tests for it (2026-11-27)")
    from deadhand.hazards import VERBS, touch

    assert set(HOWS) == set(touch.HOWS)
    steps = [
        OPEN,
        *[Step("@touch", {"handle": STORE, "how": how}, out="iterator_1" if how == "iterator" else None) for how in HOWS],
        Step("@touch", {"handle": Ref("iterator_1"), "how": "drain"}),
        Step("@pressure", {"operation": "open", "times": 20, "size": 2}),
        Step("@shortage", {"operation": "open", "from": 4, "times": 3, "size": 2}),
        Step("@uninitialised", {"handle": STORE}, out="store_2"),
        Step("@reinitialise", {"handle": STORE}),
        Step("@reinitialise", {"handle": Ref("store_2")}),
        Step("@end_thread", {"thread": 1}),
        Step("@flood", {"operation": "index", "limit": 16, "at": 1, "more": Items("list"), "store": STORE}),
        Step("@collect", stress=True),
        Step("@cycle", {"handle": Ref("store_2"), "other": Ref("iterator_1")}),
        Step("@resurrect", {"handle": STORE}),
        Step("@fork", {"inside": Hostile("steps", body=(CLOSE,)), "leave": "at once"}),
        Step("@fork", {"inside": None, "leave": "exit"}),
        Step("@subinterpreter", {"inside": Hostile("steps", body=(Step("open", {"size": 1}, out="store_3"), Step("close", {"store": Ref("store_3")})))}),
        Step("@drop", {"handle": STORE}),
        Step("@drop", {"handle": STORE}),
    ]
    assert set(VERBS) == {step.do for step in steps if step.is_hazard}
    done = run(*steps)
    assert done.stdout.splitlines()[-1].startswith("OK")
    raised = {line.split()[1] for line in done.stdout.splitlines() if " raised " in line}
    assert raised == {str(2 + HOWS.index(how)) for how in ("view", "next", "drain", "first", "write")} | {"20"}
    assert "step 38 is left out: there is no store_1" in done.stdout
    assert "the child exits" in done.stdout
    assert "second interpreter: came to its end" in done.stdout
    assert [line for line in done.stdout.splitlines() if line in ("step 31", "step 34", "step 35")] == ["step 31", "step 34", "step 35"]


@pytest.mark.parametrize("flight", ["cancel", "drop", "close", "bare"])
def test_awaits_are_cut_short(run, flight):
    slowly = Step("slowly", {"store": STORE})
    assert "was not cut short" in run(OPEN, slowly).stdout
    done = run(OPEN, Step("slowly", {"store": STORE}, flight=flight), CLOSE)
    assert "was not cut short" not in done.stdout
    assert f"step 2 raised {'CancelledError' if flight == 'cancel' else 'Cut'}" in done.stdout
    assert said(done)[0].startswith("OK")


def test_loops_borrows_and_queues_are_judged(run):
    (wrong,) = said(run(OPEN, Step("hear", {"store": STORE}), oracle="loop"))
    assert "call_soon of the event loop was called on another thread" in wrong
    (wrong,) = said(run(OPEN, Step("refuse", {"store": STORE}), oracle="borrow", step=2))
    assert "step 2 was refused" in wrong
    assert said(run(OPEN, Step("refuse", {"store": STORE})))[0].startswith("OK")
    (wrong,) = said(run(OPEN, Step("@flood", {"operation": "pile_up", "limit": 64, "store": STORE})))
    assert "nothing limits what piles up" in wrong


def test_threads_end(run):
    use = Step("use", {"store": STORE, "value": 1}, thread=1)
    assert said(run(OPEN, use, Step("@end_thread", {"thread": 1}), use))[0].startswith("OK")


def test_threads_and_overlap(run):
    done = run(OPEN, Step("use", {"store": STORE, "value": 1}, thread=1), Step("use", {"store": STORE, "value": 1}), Step("close", {"store": STORE}, thread=1, overlap=True), Step("use", {"store": STORE, "value": 1}, thread=2, overlap=True))
    assert done.stdout.splitlines()[-1].startswith("OK")
    assert "steps 3, 4, 5 together" in done.stdout


def test_an_exit_leaves_handles_alive(run):
    done = run(OPEN, ending="exit")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "OK until here: the interpreter now exits with live handles"


def test_memory_evidence_is_in_force(run):
    done = run(OPEN, evidence="debug")
    assert done.returncode == 0
    assert done.stdout.count("step 1\n") == 1


def test_a_hang_ends_by_itself(run, monkeypatch):
    monkeypatch.setattr("deadhand.report.script._HANG_SECONDS", 1)
    done = run(OPEN, Step("hang", {"store": STORE}), oracle="hang")
    assert done.returncode == 1
    assert "Timeout (0:00:01)!" in done.stderr
    assert "in hang" in done.stderr
    assert said(run(OPEN, oracle="hang"))[0].startswith("OK")


def test_a_call_that_makes_nothing(run):
    done = run(Step("nothing", out="store_1"), Step("use", {"store": STORE, "value": None}))
    assert "step 2 is left out: there is no store_1" in done.stdout


def test_offered_objects_get_their_names(run, targets):
    offered = next(each.offered for each in targets["Shop"].operations["call"].parameters if each.name == "how")
    names = [each.__name__ if hasattr(each, "__name__") else str(each) for each in offered]
    assert names == ["Gone", "Color.RED", "len"]
    for index in range(3):
        done = run(OPEN, Step("call", {"store": STORE, "reenter": Hostile("callback"), "how": Pick(index, "")}))
        assert said(done)[0].startswith("OK")
    assert said(run(OPEN, Step("flag", {"store": STORE, "how": Pick(1, "function:<lambda>")})))[0].startswith("OK")


def test_other_values(run):
    values = Items("tuple", (Items("dict", ("a", Items("set", (1,)))), Items("frozenset", (1.5,)), Number("int", "1" * 30), Number("float", "nan"), Text("edb280"), Blob(fill=1, size=200), Blob("bytearray", hex="ff"), None, True))
    assert said(run(OPEN, Step("use", {"store": STORE, "value": values}), Step("later", {"store": STORE}), Step("write", {"store": STORE})))[0].startswith("OK")


def test_every_hostile_value_works(run):
    from deadhand.worker.hostile_values import CLASSES

    plain = {"index": 1, "equal": True, "hashed": 1, "text": "a", "data": Blob(hex="61"), "iterable": Items("list", (1,)), "sequence": Items("list", ()), "mapping": Items("dict", ()), "buffer": Blob(hex="61"), "file": Blob(hex=""), "truth": True, "path": "a", "object": 1, "callback": None}
    assert set(plain) == set(CLASSES) - {"steps"}, "steps are no value for a library"
    done = run(OPEN, *[Step("use", {"store": STORE, "value": Hostile(protocol, value)}) for protocol, value in plain.items()], oracle="liveness")
    assert " raised " not in done.stdout
    assert said(done)[0].startswith("OK")


def refuse(targets, *steps, **facts):
    with pytest.raises((CaseError, UnsupportedError)) as caught:
        export_script(Case(FORMAT, "x", Program(steps), **facts), targets["Shop"])
    return str(caught.value)


def test_a_case_from_a_stranger_can_put_no_code_into_the_script(targets):
    evil = "x = __import__('os').system('id')"
    assert "is no name" in refuse(targets, Step("open", {"size": 1}, out=evil))
    assert "is no name" in refuse(targets, Step("use", {"store": Ref(evil), "value": 1}))
    assert "is no name" in refuse(targets, Step("use", {"store": STORE, evil: 1}))
    assert "no operation named" in refuse(targets, Step("__init__"))
    assert "no operation named" in refuse(targets, Step("@pressure", {"operation": "__del__", "times": 2}))
    assert "no operation named" in refuse(targets, Step("@shortage", {"operation": "__del__", "from": 1, "times": 2}))
    assert "no operation named" in refuse(targets, Step("@shortage", {"operation": "open", "from": evil, "times": 2}))
    assert "no hazard" in refuse(targets, Step("@touch", {"handle": STORE, "how": evil}))
    assert "no hazard" in refuse(targets, Step("@import os"))
    assert "no hostile value" in refuse(targets, Step("use", {"store": STORE, "value": Hostile("os.system")}))
    assert "no number" in refuse(targets, Step("use", {"store": STORE, "value": Number("eval", "1")}))
    assert "no container" in refuse(targets, Step("use", {"store": STORE, "value": Items("eval", ())}))
    assert "no evidence mode" in refuse(targets, OPEN, evidence="x")
    assert "no object number 9" in refuse(targets, Step("call", {"store": STORE, "reenter": 1, "how": Pick(9, "x")}))


def test_a_docstring_stays_a_docstring(run):
    done = run(OPEN, detail='""" + exit(3) + """ \\', signature='"""\nexit(4)')
    assert said(done)[0].startswith("OK")


def test_names_of_the_plan_and_the_script_do_not_collide(tmp_path):
    path = tmp_path / "clash.py"
    path.write_text(
        "from pathlib import Path\n"
        "from deadhand import Handle, Target, creates, uses\n"
        "class Fire:\n    pass\n"
        "def step(x):\n    return x\n"
        "def new():\n    return Fire()\n"
        "class T(Target):\n"
        "    step_1 = Handle()\n"
        "    @creates(step_1)\n    def make(self):\n        return step(new())\n"
        "    @uses\n    def look(self, step_1):\n        assert isinstance(Path('x'), Path) and isinstance(step_1, Fire)\n",
        encoding="utf-8",
    )
    target = load(str(path))[0]
    program = Program((Step("make", out="step_1"), Step("look", {"step_1": Ref("step_1")}), Step("look", {"step_1": Ref("step_1")}, thread=1)))
    script = tmp_path / "script.py"
    script.write_text(export_script(Case(FORMAT, target.name, program), target), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, said(done)) == (0, ["OK: nothing was wrong in this run"]), done.stderr


def test_a_find_under_control_says_at_its_top_how_to_replay_it(targets):
    """The script's own threads run freely: it must not look as if it repeated the schedule."""
    handle = {"store": Ref("store_1")}
    steps = (Step("open", out="store_1"), Step("close", handle), Step("close", handle, thread=1, overlap=True))
    text = export_script(Case(FORMAT, "x", Program(steps, schedule=replaying([Switch(0, 4, 1)])), mad="MAD-19"), targets["Shop"])
    head = ast.get_docstring(ast.parse(text)) or ""
    assert "FOUND UNDER CONTROL OF THE THREADS" in head
    assert "deadhand replay CASE_FILE" in head
    assert "What it forces: at decision 4, thread 1 goes on." in head
    free = export_script(Case(FORMAT, "x", Program(steps), mad="MAD-19"), targets["Shop"])
    assert "UNDER CONTROL" not in free
