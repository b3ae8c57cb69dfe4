"""What a program means when it runs: values, threads, coroutines, borrowed buffers, folders, and what is written down."""

from __future__ import annotations

import gc
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import decode_record
from deadhand.model.program import Blob, Hostile, Items, Lent, Number, Pick, Program, Ref, Step, Text
from deadhand.target.loader import load
from deadhand.worker.evidence import available
from deadhand.worker.records import _SHAPES
from deadhand.worker.runtime import Runtime
from deadhand.worker.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deadhand.model.history import History
    from deadhand.target.describe import Description
    from deadhand.worker.controller import Lane

pytestmark = pytest.mark.timeout(60)

PLAN = """
    import asyncio, gc, weakref
    from pathlib import Path

    class Box:
        def __init__(self):
            self.value, self.kept = 0, []

    class Mortal(Box):
        def __del__(self):
            self.value = -9

    SEEN = []

    class Boxes(Target):
        box = Handle()
        part = Handle(parent=box)
        raw = Handle()

        @creates(box)
        def make(self):
            return Box()

        @creates(part)
        def cut(self, box):
            made = Box()
            made.parent = box
            return made

        @creates(raw)
        def make_raw(self):
            return bytearray(b"handle")

        @creates(box)
        def make_nothing(self):
            return None

        @uses
        def check(self, box, value=st.none(), code=st.text()):
            assert eval(code), (value, code)

        @uses
        def call(self, box, callback: Reentry):
            return callback("given", 2)

        @uses
        def use(self, box, part=None):
            return box.value

        @reads
        def look(self, box):
            return box.value

        @reads
        async def look_later(self, box):
            await asyncio.sleep(0)
            return ("later", box.value)

        @uses
        async def wait(self, box, callback: Reentry):
            await asyncio.sleep(0)
            callback()
            await asyncio.sleep(0)
            box.value += 1

        @uses
        def set(self, box, value=st.integers()):
            box.value = value

        @disposes(box)
        def close(self, box):
            box.value = -1

        @uses
        def borrow(self, raw, lent: Borrowed = st.binary(), also=st.binary()):
            SEEN[:] = [lent, also, raw]

        @uses
        def borrow_and_fail(self, lent: Borrowed = st.binary()):
            SEEN[:] = [lent]
            raise KeyError("lent")

        @uses
        def borrow_and_view(self, lent: Borrowed = st.binary()):
            SEEN[:] = [memoryview(lent)]

        @uses
        def assert_seen(self, code=st.text()):
            assert eval(code), SEEN

        @uses
        def keep(self, box, value=hostile.object()):
            box.kept.append(value)

        @creates(box)
        def wrap(self, value=hostile.object()):
            made = Box()
            made.kept.append(value)
            return made

        @uses
        def assert_wrapped(self, box):
            assert box.kept[0].held == [box]

        @uses(keeps=True)
        def keep_for_ever(self, value=hostile.object()):
            SEEN.append(value)

        @uses
        def leak(self, value=hostile.object()):
            SEEN.append(value)

        @uses
        def pick(self, box, kind=st.sampled_from([int, Box, len])):
            assert kind is Box

        @uses
        def give(self, value=hostile.index()):
            return int(value)

        @uses
        def note_folder(self, out=st.text()):
            (self.tmp_path / "mine").write_text("x")
            with open(out, "a") as file:
                file.write(f"{self.tmp_path} {len(list(self.tmp_path.iterdir()))} {self.nonce()} {self.nonce()}\\\\n")

        @creates(box)
        def make_mortal(self):
            return Mortal()

        @uses
        def where(self, out=st.text()):
            with open(out, "a") as file:
                file.write(threading.current_thread().name + "\\\\n")
"""


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Description:
    path = tmp_path_factory.mktemp("boxes") / "plan.py"
    header = "import os, threading\nfrom hypothesis import strategies as st\nfrom deadhand import *\n"
    path.write_text(header + textwrap.dedent(PLAN).replace("\\\\n", "\\n"), encoding="utf-8")
    return load(str(path))[0]


@pytest.fixture
def in_process(tmp_path: Path) -> Iterator[Callable[[Description], Callable[..., list[list[Any]]]]]:
    """Run steps of a target in this very process: the runtime needs no child of its own. Gives the events."""
    hooks = sys.unraisablehook, threading.excepthook
    root = tmp_path / "root"
    root.mkdir()
    workspace = Workspace(root)

    def prepare(target: Description) -> Callable[..., list[list[Any]]]:
        records: list[bytes] = []
        runtime = Runtime(target, records.append, workspace, "debug")

        def execute(*steps: Step) -> list[list[Any]]:
            records.clear()
            runtime.run(Program.decode(Program(steps).encode()))
            return [event for record in records if (event := decode_record(record)) is not None]

        return execute

    yield prepare
    sys.unraisablehook, threading.excepthook = hooks
    workspace.remove()
    gc.enable()


@pytest.fixture
def run(boxes: Description, in_process: Callable[..., Any]) -> Callable[..., list[list[Any]]]:
    return in_process(boxes)


BOX = {"box": Ref("box_1")}
MAKE = Step(do="make", out="box_1")


def of(events: list[list[Any]], letter: str) -> list[list[Any]]:
    return [event[1:] for event in events if event[0] == letter]


def outcome(events: list[list[Any]], step: int) -> list[Any]:
    return next(event for event in events if event[0] in (H.RETURNED, H.RAISED, H.SKIPPED) and event[1] == step)


def check(value: Any, code: str) -> Step:
    return Step(do="check", args=BOX | {"value": value, "code": code})


def test_every_record_has_a_known_shape() -> None:
    letters = {value for name, value in vars(H).items() if name.isupper() and isinstance(value, str) and len(value) == 1}
    assert letters == {*_SHAPES, H.GREW}  # that one is the parent's: a child that writes it has forged it


def test_the_phases_of_a_program(run: Callable[..., list[list[Any]]]) -> None:
    events = run(MAKE)
    assert [event[0] for event in events] == list("FFBRFFFD")
    assert [phase for (phase,) in of(events, H.PHASE)] == ["setup", "steps", "teardown", "drop", "collect"]
    assert outcome(events, 1) == [H.RETURNED, 1, None, None, "Box", False]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "value is None"),
        (True, "value is True"),
        (7, "value == 7 and type(value) is int"),
        (1.5, "value == 1.5"),
        ("text", "value == 'text'"),
        (Number("int", str(2**80)), "value == 2**80"),
        (Number("float", "nan"), "value != value"),
        (Number("complex", "(1+2j)"), "value == 1+2j"),
        (Text("eda080"), "value == chr(0xd800)"),
        (Blob(hex="6162"), "value == b'ab' and type(value) is bytes"),
        (Blob("bytearray", fill=120, size=900), "value == bytearray(b'x' * 900) and type(value) is bytearray"),
        (Items("list", (1, Items("tuple", (2,)))), "value == [1, (2,)]"),
        (Items("set", (1, 2)), "value == {1, 2}"),
        (Items("frozenset", (1,)), "value == frozenset([1])"),
        (Items("dict", ("a", Items("dict", ("b", Items("list", (Ref("box_1"),)))))), "value == {'a': {'b': [box]}}"),
        (Items("dict", (Items("tuple", (1,)), 2)), "value == {(1,): 2}"),
        (Hostile("index", 5), "int(value) == 5"),
        (Hostile("mapping", Items("dict", ("a", 1))), "value['a'] == 1"),
        (Hostile("object", Items("list", (Hostile("index", 3),))), "int(value.value[0]) == 3"),
    ],
)
def test_values_are_built(run: Callable[..., list[list[Any]]], value: Any, code: str) -> None:
    assert outcome(run(MAKE, check(value, code)), 2)[0] == H.RETURNED


def test_a_failed_assertion_of_the_plan_is_marked(run: Callable[..., list[list[Any]]]) -> None:
    events = run(MAKE, check(1, "value == 2"), check(1, "value.nothing"))
    assert outcome(events, 2)[4] is True
    assert outcome(events, 3)[2][0] == "builtins.AttributeError"
    assert outcome(events, 3)[4] is False


def test_steps_that_cannot_be_done_are_skipped(run: Callable[..., list[list[Any]]]) -> None:
    events = run(
        Step(do="make_nothing", out="box_1"),
        Step(do="look", args=BOX),
        Step(do="gone"),
        Step(do="@drop", args={"handle": Ref("box_1")}),
        Step(do="pick", args=BOX | {"kind": Pick(9, "type:X")}),
        Step(do="check", args={"box": Items("list", (Ref("box_1"),)), "code": "1"}),
    )
    assert [of(events, H.SKIPPED)[at] for at in range(5)] == [
        [2, "box_1 is not held"],
        [3, "no operation named gone"],
        [4, "box_1 is not held"],
        [5, "box_1 is not held"],
        [6, "box_1 is not held"],
    ]


def test_pick_gives_the_object_that_the_plan_offers(run: Callable[..., list[list[Any]]]) -> None:
    events = run(MAKE, *[Step(do="pick", args=BOX | {"kind": Pick(index, "type:")}) for index in (0, 1, 9)])
    assert [outcome(events, step)[0] for step in (2, 3, 4)] == [H.RAISED, H.RETURNED, H.SKIPPED]


def test_nested_steps_run_in_the_middle_at_the_nth_call(run: Callable[..., list[list[Any]]]) -> None:
    nested = Hostile("callback", Items("list", (1,)), body=(Step(do="set", args=BOX | {"value": 5}), Step(do="look", args=BOX)))
    events = run(MAKE, Step(do="call", args=BOX | {"callback": nested}), Step(do="look", args=BOX))
    assert [event[1] for event in events if event[0] == H.BEGIN] == [1, 2, 3, 4, 5]
    order = [(event[0], event[1]) for event in events if event[0] in "BR" and event[1] > 1]
    assert order == [("B", 2), ("B", 3), ("R", 3), ("B", 4), ("R", 4), ("R", 2), ("B", 5), ("R", 5)]
    later = run(MAKE, Step(do="call", args=BOX | {"callback": Hostile("callback", nth=2, body=(Step(do="@collect"),))}))
    assert [event[1] for event in later if event[0] == H.BEGIN] == [1, 2]


def test_numbers_of_nested_steps_are_those_of_walk(run: Callable[..., list[list[Any]]]) -> None:
    inner = Hostile("index", 1, body=(Step(do="look", args=BOX),))
    outer = Hostile("object", Items("list", (inner,)), body=(Step(do="look_later", args=BOX),))
    program = (MAKE, check(Items("list", (outer, inner)), "repr(value[0]) and int(value[0].value[0]) and int(value[1])"))
    events = run(*program)
    names = {number: step.do for number, step, _ in Program(program).walk()}
    shown = {event[1]: event[2] for event in events if event[0] == H.RETURNED and event[2] is not None}
    assert {names[number] for number in shown} == {"look", "look_later"}
    for number, text in shown.items():
        assert text.startswith("tuple ('later'") == (names[number] == "look_later")


def test_hostile_values_raise_keep_and_die(run: Callable[..., list[list[Any]]]) -> None:
    raising = run(MAKE, Step(do="call", args=BOX | {"callback": Hostile("callback", raises=True)}))
    assert outcome(raising, 2)[2][0] == "deadhand.worker.fire.Raised"
    keeping = run(MAKE, Step(do="call", args=BOX | {"callback": Hostile("callback", keep="kept_1")}), Step(do="check", args={"box": Ref("kept_1"), "code": "box == 'given'"}))
    assert outcome(keeping, 3)[0] == H.RETURNED
    dying = run(MAKE, Step(do="give", args={"value": Hostile("index", 4, when="death", body=(Step(do="set", args=BOX | {"value": 3}),))}))
    assert [event[1] for event in dying if event[0] == H.BEGIN] == [1, 2, 3]


def test_a_value_that_dies_later_does_nothing_in_the_next_program(run: Callable[..., list[list[Any]]]) -> None:
    leaked = Hostile("object", 1, when="death", body=(Step(do="make"),))
    run(Step(do="leak", args={"value": leaked}))
    events = run(Step(do="assert_seen", args={"code": "SEEN.clear() is None"}))
    assert [event[1] for event in events if event[0] == H.BEGIN] == [1]


def test_survivors_are_told_and_kept_ones_marked(run: Callable[..., list[list[Any]]]) -> None:
    keep = Step(do="keep_for_ever", args={"value": Hostile("object", 1)})
    leak = Step(do="leak", args={"value": Hostile("object", 1, cycle=True)})
    held = Step(do="keep", args=BOX | {"value": Hostile("object", 1, cycle=True)})
    events = run(MAKE, keep, leak, held, Step(do="@cycle", args={"handle": Ref("box_1")}))
    assert of(events, H.SURVIVOR) == [[2, "value of step 2", False, True], [3, "value of step 3", True, False]]
    assert of(events, H.ALIVE) == [[1]]
    run(Step(do="assert_seen", args={"code": "SEEN.clear() is None"}))


def test_what_is_given_to_a_creator_holds_what_it_makes(run: Callable[..., list[list[Any]]]) -> None:
    wrap = Step(do="wrap", args={"value": Hostile("object", 1, cycle=True)}, out="box_1")
    events = run(wrap, Step(do="assert_wrapped", args=BOX), Step(do="@reinitialise", args={"handle": Ref("box_1")}))
    assert outcome(events, 2)[0] == H.RETURNED
    assert of(events, H.SURVIVOR) == []


def test_a_value_that_cannot_be_built_is_no_call(run: Callable[..., list[list[Any]]]) -> None:
    unhashable = Items("set", (Items("list", (1,)),))
    assert outcome(run(MAKE, Step(do="keep", args=BOX | {"value": unhashable})), 2) == [H.SKIPPED, 2, "an argument cannot be built: TypeError: unhashable type: 'list'"]


def test_reads_are_taken_just_before_an_end(run: Callable[..., list[list[Any]]]) -> None:
    look, later = Step(do="look", args=BOX), Step(do="look_later", args=BOX)
    events = run(MAKE, Step(do="set", args=BOX | {"value": 9}), Step(do="close", args=BOX), look, later)
    assert of(events, H.OBSERVED) == [[3, 4, "int 9"], [3, 5, "tuple ('later', 9)"]]
    assert outcome(events, 4)[2] == "int -1"


def test_coroutines_run_to_their_end_also_inside_each_other(run: Callable[..., list[list[Any]]]) -> None:
    inner = Step(do="wait", args=BOX | {"callback": Hostile("callback")})
    outer = Step(do="wait", args=BOX | {"callback": Hostile("callback", body=(inner,))}, thread=1)
    events = run(MAKE, outer, Step(do="look", args=BOX))
    assert [outcome(events, step)[0] for step in (2, 3)] == [H.RETURNED, H.RETURNED]
    assert outcome(events, 4)[2] == "int 2"


RAW = Step(do="make_raw", out="raw_1")


def seen(code: str) -> Step:
    return Step(do="assert_seen", args={"code": code})


def test_what_was_lent_is_overwritten_and_nothing_else(run: Callable[..., list[list[Any]]]) -> None:
    borrow = Step(do="borrow", args={"raw": Ref("raw_1"), "lent": Lent(Blob(hex="616263")), "also": Blob("bytearray", hex="6162")})
    events = run(RAW, borrow, seen("SEEN == [b'', b'ab', b'handle']"))
    assert outcome(events, 3)[0] == H.RETURNED, events


def test_what_was_lent_is_overwritten_when_the_call_fails(run: Callable[..., list[list[Any]]]) -> None:
    events = run(Step(do="borrow_and_fail", args={"lent": Lent(Blob(hex="616263"))}), seen("SEEN == [b'']"))
    assert outcome(events, 1)[0] == H.RAISED
    assert outcome(events, 2)[0] == H.RETURNED, events


def test_what_was_lent_is_overwritten_under_a_view(run: Callable[..., list[list[Any]]]) -> None:
    events = run(Step(do="borrow_and_view", args={"lent": Lent(Blob(hex="616263"))}), seen("bytes(SEEN[0]) == b'ZZZ' and SEEN.clear() is None"))
    assert outcome(events, 2)[0] == H.RETURNED, events


def test_overwriting_runs_no_steps(run: Callable[..., list[list[Any]]]) -> None:
    lent = Lent(Hostile("buffer", Blob(hex="616263"), body=(Step(do="make"),)))
    events = run(Step(do="borrow_and_fail", args={"lent": lent}), seen("SEEN.clear() is None"))
    assert [event[1] for event in events if event[0] == H.BEGIN] == [1, 3]


def test_each_program_has_a_fresh_folder_and_fresh_nonces(run: Callable[..., list[list[Any]]], tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(3):
        run(Step(do="note_folder", args={"out": str(out)}), Step(do="note_folder", args={"out": str(out)}))
    lines = [line.split() for line in out.read_text().splitlines()]
    folders = [line[0] for line in lines]
    assert [line[1:] for line in lines] == [["1", "1", "2"], ["1", "3", "4"]] * 3
    assert len(set(folders)) == 3
    assert list((tmp_path / "root").iterdir()) == []


def test_steps_run_on_their_threads(run: Callable[..., list[list[Any]]], tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = {"out": str(out)}
    run(Step(do="where", args=args), Step(do="where", args=args, thread=2), Step(do="where", args=args, thread=1))
    assert out.read_text().split() == ["MainThread", "deadhand-2", "deadhand-1"]
    events = run(Step(do="where", args=args), Step(do="where", args=args, thread=1, overlap=True), Step(do="where", args=args, thread=2, overlap=True), Step(do="make"))
    assert sorted(out.read_text().split()[3:]) == ["MainThread", "deadhand-1", "deadhand-2"]
    assert [event[1] for event in events if event[0] == H.BEGIN][-1] == 4


def test_stress_collects_during_its_step_only(run: Callable[..., list[list[Any]]]) -> None:
    gc.disable()
    run(MAKE, Step(do="check", args=BOX | {"code": "gc.isenabled() and gc.get_threshold() == (1, 1, 1)"}, stress=True))
    events = run(MAKE, Step(do="check", args=BOX | {"code": "gc.isenabled() and gc.get_threshold() == (1, 1, 1)"}, stress=True), check(1, "not gc.isenabled()"))
    assert [outcome(events, step)[0] for step in (2, 3)] == [H.RETURNED, H.RETURNED]


def test_freed_fill_in_a_result_is_noted(run: Callable[..., list[list[Any]]]) -> None:
    events = run(Step(do="give", args={"value": Hostile("index", 0xDDDDDDDD)}), Step(do="give", args={"value": Hostile("index", 7)}))
    assert [outcome(events, step)[3] for step in (1, 2)] == [0xDD, None]


# --- in a child ------------------------------------------------------------------------------------------------------


def broken(where: str) -> str:
    return f"""
        class Broken(Target):
            thing = Handle()

            def __init__(self, workspace):
                super().__init__(workspace)
                {'raise OSError("no init")' if where == "init" else "self.count = 0"}

            def setup(self):
                {'raise OSError("no server")' if where == "setup" else 'sys.exit("no")' if where == "exit" else ""}
                self.count = 0

            def teardown(self):
                {'raise OSError("no teardown")' if where == "teardown" else ""}
                self.count = 1

            @ledger
            def alive(self):
                if {where!r} == "ledger" or ({where!r} == "end" and self.count):
                    raise OSError("no count")
                return 0

            @creates(thing)
            def make(self):
                return self
    """


@pytest.mark.parametrize(("where", "said"), [("init", "no init"), ("setup", "no server"), ("exit", "no"), ("ledger", "no count")])
def test_a_setup_that_raises_is_told(plan: Callable[..., Description], in_process: Callable[..., Any], where: str, said: str) -> None:
    events = in_process(plan(broken(where)))(Step(do="make", out="thing_1"))
    assert events[0] == [H.PHASE, "setup"]
    assert events[1][:2] == [H.RAISED, 0]
    assert events[1][3] == said
    assert [event[0] for event in events[2:]] == [H.PHASE, H.PHASE, H.DONE]


@pytest.mark.parametrize(("where", "phase"), [("teardown", "teardown"), ("end", "collect")])
def test_a_teardown_or_ledger_that_raises_is_told(plan: Callable[..., Description], in_process: Callable[..., Any], where: str, phase: str) -> None:
    events = in_process(plan(broken(where)))(Step(do="make", out="thing_1"))
    at = next(index for index, event in enumerate(events) if event[:2] == [H.RAISED, 0])
    assert next(event[1] for event in reversed(events[:at]) if event[0] == H.PHASE) == phase
    assert events[-1] == [H.DONE]


@pytest.mark.parametrize("ending", ["collect", "exit"])
def test_a_setup_that_raises_ends_no_child(plan: Callable[..., Description], start_lane: Callable[..., Lane], ending: str) -> None:
    lane = start_lane(plan(broken("setup")))
    batch = lane.run([Program((Step(do="make", out="thing_1"),), ending)])
    assert batch.histories[0].complete
    assert batch.histories[0].death is None
    assert of(batch.histories[0].events, H.BEGIN) == []


def test_an_exit_with_live_handles_is_real(plan: Callable[..., Description], start_lane: Callable[..., Lane], tmp_path: Path) -> None:
    target = plan(
        f"""
        import atexit

        class T(Target):
            thing = Handle()

            @creates(thing)
            def make(self):
                atexit.register(lambda: open({str(tmp_path / "left")!r}, "w").close())
                return self

            @uses
            def leave(self):
                os._exit(0)
        """
    )
    lane = start_lane(target)
    history = lane.run_one(Program((Step(do="make", out="thing_1"),), "exit"))
    assert history.complete
    assert history.phase() == "exit"
    assert (tmp_path / "left").exists()
    early = lane.run_one(Program((Step(do="leave"),), "exit"))
    assert not early.complete
    assert early.death is not None


@pytest.mark.parametrize("mode", ["debug", "poison", "unmap", "guard", "stock"])
def test_every_mode_starts_and_looks(plan: Callable[..., Description], start_lane: Callable[..., Lane], mode: str) -> None:
    if available(mode):
        pytest.skip(f"{mode}: {available(mode)} (2026-11-21)")
    lane = start_lane(plan("class T(Target):\n    t = Handle()\n    @creates(t)\n    def make(self): return object()"), mode)
    assert lane.blind == ""
    assert lane.run_one(Program((Step(do="make", out="t_1"),))).complete


def test_the_history_of_an_async_plan_in_a_child(plan: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    target = plan(
        """
        class T(Target):
            t = Handle()

            @creates(t)
            async def make(self):
                import asyncio
                await asyncio.sleep(0)
                return self
        """
    )
    history: History = start_lane(target).run_one(Program((Step(do="make", out="t_1"), Step(do="make", out="t_2", thread=1))))
    assert history.complete
    assert [event[4] for event in history.events if event[0] == H.RETURNED] == ["T", "T"]


def test_resurrect_gives_back_what_was_finalized(run: Callable[..., list[list[Any]]]) -> None:
    finalized = check(None, "box.value == -9")
    events = run(Step(do="make_mortal", out="box_1"), Step(do="cut", args=BOX, out="part_1"), Step(do="@resurrect", args={"handle": Ref("box_1"), "other1": Ref("part_1")}), finalized, Step(do="use", args=BOX | {"part": Ref("part_1")}))
    assert [outcome(events, number)[0] for number in range(1, 6)] == [H.RETURNED] * 5
    events = run(Step(do="make_mortal", out="box_1"), Step(do="cut", args=BOX, out="part_1"), Step(do="@resurrect", args={"handle": Ref("box_1")}), finalized)
    assert outcome(events, 4)[0] == H.RAISED, "the part holds the box: nothing was finalized"
    assert outcome(run(Step(do="@resurrect", args={"handle": Ref("box_1")})), 1)[0] == H.SKIPPED
