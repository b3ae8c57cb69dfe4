"""Labels, signatures, minimising and the corpus, without a single child."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deadhand.errors import CaseError
from deadhand.model.case import FORMAT, Case
from deadhand.model.program import Blob, Hostile, Items, Lent, Number, Program, Ref, Step, hostiles
from deadhand.model.verdict import Finding
from deadhand.search import confirm
from deadhand.search.compose import Composer
from deadhand.search.corpus import Corpus, file_name, load_case, write_case
from deadhand.search.coverage import possible_states
from deadhand.search.generator import Generator, covers
from deadhand.search.labels import labels
from deadhand.search.minimise import Minimiser, renamed
from deadhand.search.pairs import Pairs
from deadhand.search.random_drawer import Pools, RandomDrawer
from deadhand.search.signature import signature, symptom, trigger
from deadhand.search.trial import Trial, alike, tries_for
from deadhand.settings import Settings
from deadhand.target.loader import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deadhand.target.describe import Description

pytestmark = pytest.mark.timeout(60)

PLAN = """
from hypothesis import strategies as st
from deadhand import *

class Toy(Target):
    store = Handle()
    reader = Handle(parent=store)

    @creates(store)
    def make(self, size=st.integers(0, 300)): ...

    @creates(reader)
    def open(self, store): ...

    @uses
    def call(self, store, callback: Reentry, items=st.lists(st.integers(), max_size=3)): ...

    @uses
    def use(self, reader, lent: Borrowed = st.binary(max_size=9)): ...

    @invalidates(reader)
    def clear(self, store): ...

    @disposes(store)
    def close(self, store): ...

    @disposes(store)
    def close_all(self): ...
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Description:
    path = tmp_path_factory.mktemp("toy") / "plan.py"
    path.write_text(PLAN, encoding="utf-8")
    return load(str(path))[0]


@pytest.fixture(scope="module")
def pools(toy: Description) -> Pools:
    return Pools(toy, 1)


STORE, READER = {"store": Ref("store_1")}, {"reader": Ref("reader_1")}
MAKE, OPEN = Step(do="make", out="store_1"), Step(do="open", args=STORE, out="reader_1")
USE, CLOSE, CLEAR = Step(do="use", args=READER), Step(do="close", args=STORE), Step(do="clear", args=STORE)
DROP = Step(do="@drop", args={"handle": Ref("store_1")})


def last_label(target: Description, *steps: Step) -> str:
    program = Program(steps)
    named = labels(target, program)
    top = [number for number, _, inside in program.walk() if not inside]
    return named[top[-1]]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((MAKE,), "make"),
        ((MAKE, OPEN, USE), "use"),
        ((MAKE, OPEN, CLOSE, USE), "use(orphan)"),
        ((MAKE, CLOSE, CLOSE), "close(disposed)"),
        ((MAKE, OPEN, CLEAR, USE), "use(ended)"),
        ((MAKE, OPEN, DROP, USE), "use(outlived)"),
        ((MAKE, Step(do="close_all"), CLEAR), "clear(disposed)"),
        ((MAKE, Step(do="@uninitialised", args={"handle": Ref("store_1")}, out="store_2"), Step(do="clear", args={"store": Ref("store_2")})), "clear(uninitialised)"),
        ((MAKE, Step(do="@touch", args={"handle": Ref("store_1"), "how": "repr"})), "@touch repr"),
        ((MAKE, Step(do="@pressure", args={"operation": "make", "times": 20})), "@pressure make"),
        ((MAKE, Step(do="clear", args=STORE, thread=1, overlap=True)), "clear(overlap)"),
        ((MAKE, Step(do="call", args=STORE | {"callback": Hostile("callback")})), "call"),
        ((MAKE, Step(do="call", args=STORE | {"callback": Hostile("callback", body=(CLOSE,), raises=True, cycle=True)})), "call(callback:callback!&{close store})"),
        ((MAKE, Step(do="call", args=STORE | {"callback": Hostile("callback", when="death", body=(Step(do="@collect"),))})), "call(callback:callback†{@collect})"),
        ((MAKE, OPEN, Step(do="use", args=READER | {"lent": Lent(Items("list", (Hostile("index", raises=True),)))})), "use(lent:index!{})"),
        ((MAKE, OPEN, Step(do="call", args=STORE | {"callback": Hostile("callback", body=(CLOSE,))}), USE), "use(orphan)"),
    ],
)
def test_a_label_says_what_is_out_of_the_ordinary(toy: Description, steps: tuple[Step, ...], expected: str) -> None:
    assert last_label(toy, *steps) == expected


def test_a_known_label_covers_what_does_more() -> None:
    assert covers("call(callback:callback{close store})", "call(callback:callback!{close store; clear store})")
    assert not covers("call(callback:callback{close store})", "call(callback:callback{clear store})")
    assert not covers("call(orphan)", "use(orphan)")
    assert covers("make", "make")
    assert not covers("make", "make(overlap)")


def test_a_signature_names_class_symptom_and_step(toy: Description) -> None:
    nested = Program((MAKE, OPEN, Step(do="call", args=STORE | {"callback": Hostile("callback", body=(CLOSE, Step(do="call", args=STORE)))})))
    crash = Finding("death", "SIGSEGV", "", 3, mad="MAD-14")
    assert signature(toy, nested, crash) == "MAD-14:death crash in call(callback:callback{close store; call store})"
    assert signature(toy, nested, crash) == signature(toy, nested, Finding("death", "SIGBUS", "x", 3, mad="MAD-14"))
    assert trigger(toy, nested, Finding("death", "SIGSEGV", "", 5)) == "call(disposed)"
    assert trigger(toy, nested, Finding("death", "SIGSEGV", "", 4)) == "call(callback:callback{close store; call store})"
    assert trigger(toy, nested, Finding("liveness", "leak", "", 0)) == "call(callback:callback{close store; call store})"
    assert trigger(toy, Program((MAKE, OPEN, CLEAR)), Finding("ledger", "leak", "")) == "open + clear"
    assert symptom(Finding("hang", "hang", "")) == "hang"
    assert symptom(Finding("death", "exit 3", "")) == "exit 3"


def test_names_and_numbers_do_not_change_a_signature(toy: Description) -> None:
    program = Program((MAKE, OPEN, CLOSE, USE))
    longer = Program((Step(do="make", out="store_7"), Step(do="make", out="store_9"), Step(do="open", args={"store": Ref("store_9")}, out="reader_4"), Step(do="close", args={"store": Ref("store_9")}), Step(do="use", args={"reader": Ref("reader_4")})))
    found = Finding("contract", "returned", "", 4, mad="MAD-05")
    assert signature(toy, program, found) == signature(toy, longer, Finding("contract", "returned", "", 5, mad="MAD-05"))


def test_alike_means_one_bug() -> None:
    program, longer = Program((MAKE, CLOSE)), Program((MAKE, MAKE, CLOSE))
    crash = Finding("death", "SIGSEGV", "", 2)
    assert alike(Finding("death", "SIGABRT", "", 3), crash, longer, program)
    assert not alike(Finding("death", "SIGSEGV", "", 1), crash, program, program)
    assert not alike(Finding("contract", "SIGSEGV", "", 2), crash, program, program)
    assert not alike(Finding("death", "SIGSEGV", "", 2, certain=False), crash, program, program)
    assert not alike(Finding("death", "SIGSEGV", "", 0), Finding("death", "SIGSEGV", "", 0, phase="exit"), program, program)


@pytest.mark.parametrize(("shown", "runs", "tries"), [(3, 3, 1), (1, 3, 8), (1, 20, 59), (1, 1000, 60)])
def test_tries_grow_with_flakiness(shown: int, runs: int, tries: int) -> None:
    assert tries_for(shown, runs) == tries


# --- minimising ------------------------------------------------------------------------------------------------------


def every(program: Program) -> list[Step]:
    return [step for _, step, _ in program.walk()]


def closes_inside_a_call(program: Program) -> bool:
    return any(nested.do == "close" for step in every(program) if step.do == "call" for each in hostiles(step) for nested in each.body)


def uses_after_close(program: Program) -> bool:
    names = [step.do for step in program.steps]
    return "close" in names and "use" in names[names.index("close") :] and "open" in names


def many_bytes(program: Program) -> bool:
    return any(isinstance(value, Blob) and len(value.build()) >= 512 for step in every(program) for value in step.args.values())


def two_threads(program: Program) -> bool:
    return any(step.thread and step.overlap for step in program.steps)


NOISE = (Step(do="make", out="store_3"), Step(do="@collect"), Step(do="@touch", args={"handle": Ref("store_3"), "how": "repr"}))
BIG = Step(do="use", args=READER | {"lent": Blob(fill=1, size=200_000)}, stress=True, thread=2)
BUSY = Step(do="call", args=STORE | {"callback": Hostile("callback", nth=5, raises=True, cycle=True, keep="kept_1", body=(CLEAR, CLOSE, Step(do="@collect"))), "items": Items("list", (1, 2, Number("int", "9" * 30)))}, thread=1, stress=True)


def short(first: int, times: int) -> Step:
    return Step(do="@shortage", args={"operation": "clear", "from": first, "times": times, **STORE})


def lacks_the_seventh(program: Program) -> bool:
    """Whether the seventh allocation of a call fails."""
    return any(step.do == "@shortage" and step.args["from"] <= 7 < step.args["from"] + step.args["times"] for step in program.steps)


def clears(program: Program) -> bool:
    """Whether `clear` is called at all, with enough memory or without."""
    return any("clear" in (step.do, step.args.get("operation")) for step in program.steps)


def lacks_two_in_turn(program: Program) -> bool:
    return lacks_the_seventh(program) and any(step.do == "@shortage" and step.args["from"] <= 6 for step in program.steps)


@pytest.mark.parametrize(
    ("program", "still", "steps", "smallest"),
    [
        (Program((MAKE, *NOISE, short(1, 30), *NOISE)), lacks_the_seventh, 1, Program((short(7, 1),))),
        (Program((MAKE, *NOISE, short(1, 30), *NOISE)), lacks_two_in_turn, 1, Program((short(6, 2),))),
        (Program((MAKE, OPEN, short(1, 30))), clears, 1, Program((Step(do="clear", args=STORE),))),
        (Program((MAKE, *NOISE, BUSY, *NOISE), "exit"), closes_inside_a_call, 2, Program((Step(do="call", args=STORE | {"callback": Hostile("callback", body=(CLOSE,)), "items": Items("list")}),))),
        (Program((*NOISE, MAKE, OPEN, CLEAR, CLOSE, *NOISE, USE, USE)), uses_after_close, 3, None),
        (Program((MAKE, *NOISE, OPEN, BIG, *NOISE)), many_bytes, 1, Program((Step(do="use", args=READER | {"lent": Blob(fill=120, size=900)}),))),
        (Program((MAKE, *NOISE, CLEAR, Step(do="clear", args=STORE, thread=2, overlap=True), *NOISE)), two_threads, 2, None),
    ],
    ids=["one allocation", "two allocations", "no allocation", "nested", "sequence", "size", "threads"],
)
def test_the_known_minimum_is_reached(program: Program, still: Callable[[Program], bool], steps: int, smallest: Program | None) -> None:
    assert still(program)
    found = Minimiser(still, 2000).minimise(program)
    assert still(found)
    assert found.size() == steps
    if smallest is not None:
        assert found == smallest


def test_what_is_left_to_the_collector_is_guessed_with_the_step_that_runs_it() -> None:
    """A hang costs seconds for each candidate that shows it: the cause of one in a step that makes a handle is garbage, not a handle of the step."""
    garbage = (Step(do="make", out="store_7"), Step(do="@cycle", args={"handle": Ref("store_7")}))
    program = Program((MAKE, CLEAR, OPEN, *garbage, USE, CLEAR, USE, Step(do="make", out="store_9"), CLEAR, USE))
    failing = next(number for number, step, _ in program.walk() if step.out == "store_9")

    def still(candidate: Program) -> bool:
        steps = [step.do for step in candidate.steps]
        return "@cycle" in steps and "make" in steps[steps.index("@cycle") :]

    found = Minimiser(still, 3).minimise(program, failing)
    assert [step.do for step in found.steps] == ["make", "@cycle", "make"]


def test_no_candidate_is_tried_twice_and_runs_are_bounded() -> None:
    tried: list[bytes] = []

    def still(candidate: Program) -> bool:
        tried.append(candidate.encode())
        return len(candidate.steps) >= 3

    program = Program((*NOISE, MAKE, OPEN, *NOISE, CLOSE))
    Minimiser(still, 25).minimise(program)
    assert len(tried) == len(set(tried)) <= 25
    assert program.encode() not in tried
    assert Minimiser(still, 0).minimise(program) == renamed(program)
    assert Minimiser(still, 99, seconds=0).minimise(program) == renamed(program)


def test_a_program_that_was_lucky_once_is_not_kept_and_the_way_to_it_is() -> None:
    """`shows` of a layout of memory that comes and goes: what is returned must show it again, and need not be the program one began with."""
    crash = Finding("death", "SIGSEGV", "", 3)

    class Lucky(Trial):
        runs = 0

        def shows(self, candidate: Program) -> Finding | None:
            Lucky.runs += 1
            small = len(candidate.steps) < 3
            return crash if not small or Lucky.runs % 3 == 0 else None

    program = Program((*NOISE, MAKE, OPEN, *NOISE, CLOSE))
    trial = Lucky(None, program, crash)  # type: ignore[arg-type]  the lane is not used
    minimiser = Minimiser(lambda candidate: trial.shows_surely(candidate) is not None, 500)
    found = minimiser.minimise(program)
    assert len(found.steps) == 3
    assert minimiser.path
    assert renamed(minimiser.path[-1]) == found


def test_where_the_smallest_does_not_repeat_the_one_before_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the minimiser is through, programs of fewer than four steps show nothing any more."""
    crash = Finding("death", "SIGSEGV", "", 3)

    class Fading:
        def __init__(self, *_: object, **__: object) -> None:
            self.taken: list[Program] = []

        def shows_surely(self, candidate: Program) -> Finding | None:
            again = candidate in self.taken or renamed(candidate) in map(renamed, self.taken)
            self.taken.append(candidate)
            return crash if len(candidate.steps) >= (4 if again else 2) else None

    monkeypatch.setattr(confirm, "Trial", Fading)
    lane: Any = SimpleNamespace(settings=Settings(), take_hang_stacks=False)
    smallest, shown = confirm.minimise(lane, Program((*NOISE, MAKE, OPEN, *NOISE, CLOSE)), crash, Settings(), tries=1)
    assert shown is crash
    assert 4 <= len(smallest.steps) < len(NOISE) * 2 + 3


@given(number=st.integers(0, 2**32), wanted=st.sampled_from(["call", "use", "close", "open", "@touch", "@drop"]))
@settings(max_examples=60, deadline=None)
def test_minimising_never_grows_a_program_and_keeps_what_it_shows(toy: Description, pools: Pools, number: int, wanted: str) -> None:
    program, _ = Composer(toy).program(RandomDrawer(pools, number))

    def still(candidate: Program) -> bool:
        return any(step.do == wanted for step in every(candidate))

    if not still(program):
        return
    found = Minimiser(still, 300).minimise(program)
    assert still(found)
    assert found.size() <= program.size()
    assert found.threads() <= program.threads()
    if found.size() == program.size():
        assert len(found.encode()) <= len(renamed(program).encode())


@given(number=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_renaming_keeps_the_program(toy: Description, pools: Pools, number: int) -> None:
    program, _ = Composer(toy).program(RandomDrawer(pools, number))
    again = renamed(program)
    assert [step.do for step in every(again)] == [step.do for step in every(program)]
    assert labels(toy, again) == labels(toy, program)
    assert renamed(again) == again


def test_renaming_reaches_every_place() -> None:
    body = Hostile("callback", Ref("b_9"), body=(Step(do="use", args={"x": Ref("a_7")}, out="c_3"),), keep="kept_5")
    step = Step(do="call", args={"a": Ref("a_7"), "b": Items("list", (Ref("b_9"), body)), "c": Lent(body)})
    program = Program((Step(do="make", out="a_7"), Step(do="make", out="b_9"), step, Step(do="use", args={"k": Ref("kept_5"), "c": Ref("c_3")})))
    text = renamed(program).encode().decode()
    for old in ("a_7", "b_9", "c_3", "kept_5"):
        assert old not in text, f"{old} kept its name"


# --- the corpus ------------------------------------------------------------------------------------------------------


def case(target: Description, *steps: Step, status: str = "open", name: str = "MAD-01:death crash in use(orphan)") -> Case:
    return Case(FORMAT, target.name, Program(steps), status=status, mad=name.partition(":")[0], signature=name)


def test_a_case_is_written_whole_or_not_at_all(toy: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "folder" / "case.json"
    write_case(path, case(toy, MAKE))
    assert load_case(path) == case(toy, MAKE)

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_case(path, case(toy, MAKE, OPEN))
    assert load_case(path) == case(toy, MAKE), "the old case must survive a failed write"
    assert Corpus(tmp_path).paths() == [path]


def test_an_open_case_is_replaced_by_a_smaller_one_only(toy: Description, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    path = corpus.save(toy, case(toy, MAKE, OPEN))
    assert corpus.save(toy, case(toy, MAKE, OPEN, USE)) == path
    assert load_case(path).program.size() == 2
    assert corpus.save(toy, case(toy, MAKE)) == path
    assert load_case(path).program.size() == 1
    other = corpus.save(toy, case(toy, MAKE, name="MAD-02:death crash in close(disposed)"))
    assert other != path
    for status in ("fixed", "expected"):
        write_case(path, case(toy, MAKE, OPEN, status=status))
        corpus.save(toy, case(toy, MAKE))
        assert load_case(path).status == status
        assert load_case(path).program.size() == 2
    assert set(corpus.of(toy)) == {"MAD-01:death crash in use(orphan)", "MAD-02:death crash in close(disposed)"}


def test_unreadable_files_do_not_stop_a_hunt(toy: Description, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    path = corpus.save(toy, case(toy, MAKE))
    (path.parent / "half.json").write_text('{"format": 1, "tar')
    (path.parent / ".hidden.json").write_text("{}")
    assert list(corpus.of(toy)) == [case(toy, MAKE).signature]
    assert corpus.paths() == sorted([path, path.parent / "half.json"])
    with pytest.raises(CaseError, match=r"half\.json: not JSON"):
        load_case(path.parent / "half.json")
    with pytest.raises(CaseError, match="No such file"):
        load_case(tmp_path / "nothing.json")


def test_leftovers_of_dead_writers_are_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    dead, mine, other = tmp_path / "t" / f".a.json.{gone.pid}.tmp", tmp_path / f".b.json.{os.getpid()}.tmp", tmp_path / ".notes.tmp"
    dead.parent.mkdir()
    for path in (dead, mine, other):
        path.write_text("{")
    assert Corpus(tmp_path).remove_leftovers() == 1
    assert not dead.exists()
    assert mine.exists()
    assert other.exists()
    assert Corpus(tmp_path / "none").remove_leftovers() == 0


def test_file_names_are_short_plain_and_told_apart(toy: Description) -> None:
    one = file_name(case(toy, name="MAD-14:death crash in call(callback:callback!{close store; " + "x" * 200))
    two = file_name(case(toy, name="MAD-14:death crash in call(callback:callback!{close store; " + "x" * 201))
    assert one != two
    assert one.startswith("mad-14-death-crash-in-call-callback-callback-close-stor")
    assert len(one) < 80
    assert set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


def test_a_generator_writes_fewer_programs_that_are_known(toy: Description) -> None:
    def count(generator: Generator) -> int:
        return sum(any("use(orphan" in text for text in labels(toy, generator.program()[0]).values()) for _ in range(400))

    plain, avoiding = Generator(toy, 3), Generator(toy, 3)
    avoiding.avoid("use(orphan) + make")
    assert avoiding.known == {"use(orphan)"}
    assert count(avoiding) < count(plain) / 2


def test_only_states_that_a_handle_can_be_in_are_called_untried(toy: Description) -> None:
    assert possible_states(toy, toy.operations["make"]) == ["none"]
    assert possible_states(toy, toy.operations["close"]) == ["disposed", "live", "uninitialised"]
    assert {"ended", "orphan", "outlived"} <= set(possible_states(toy, toy.operations["use"]))


def test_a_fork_meets_each_use_where_the_library_promises_to_survive_it(tmp_path: Path, toy: Description) -> None:
    path = tmp_path / "busy.py"
    path.write_text(PLAN.replace("    store = Handle()", "    forks_while_busy = True\n    store = Handle()"), encoding="utf-8")
    (busy,) = load(str(path))
    pairs = Pairs(busy, RandomDrawer(Pools(busy, 1), 1))
    met = [program.steps[-2:] for _ in pairs.pairs if (program := pairs.next()) is not None]
    forks = [(first, second) for first, second in met if second.do == "@fork"]
    assert {first.do for first, _ in forks} >= {"call", "use"}
    for first, second in forks:
        assert (first.thread, second.thread, second.overlap, second.args["leave"]) == (0, 1, True, "at once")
        assert [step.do for hostile in hostiles(second) for step in hostile.body] == [first.do]
    calm = Pairs(toy, RandomDrawer(Pools(toy, 1), 1))
    assert len(calm.pairs) == len(pairs.pairs) - len(forks)


def test_every_pair_of_operations_gets_a_program_those_that_end_a_life_first(toy: Description) -> None:
    pairs = Pairs(toy, RandomDrawer(Pools(toy, 1), 1))
    met = []
    for _ in pairs.pairs:
        program = pairs.next()
        assert program is not None
        first, second = program.steps[-2:]
        assert (first.thread, first.overlap, second.thread, second.overlap) == (0, False, 1, True)
        assert program.regions() == [range(len(program.steps) - 2, len(program.steps))]
        met.append((first.do, second.do))
    unordered = {frozenset(each) for each in met}
    assert len(met) == len(set(met))
    assert {frozenset(each) for each in [("clear", "clear"), ("clear", "close"), ("close", "close"), ("use", "use"), ("use", "clear"), ("use", "close")]} <= unordered
    ends = [bool({"clear", "close"} & set(each)) for each in met]
    assert ends == sorted(ends, reverse=True)
