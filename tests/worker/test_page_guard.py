"""The page guard in a child: every planted touch is seen where it happens, with the three right steps; fixed twins are silent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand.errors import TargetSkipped
from deadhand.model import history as H  # noqa: N812
from deadhand.model.program import Blob, Program, Ref, Step
from deadhand.model.verdict import Finding
from deadhand.oracles import judge, memory
from deadhand.search.confirm import sharper
from deadhand.target.loader import load
from deadhand.worker.evidence import available
from deadhand.worker.page_guard import blind_spots, mapped_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.model.history import History
    from deadhand.target.describe import Description
    from deadhand.worker.controller import Lane

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(available("guard")), reason=f"{available('guard')} (2026-11-27)"),
]

KINDS = {
    "read": "read",
    "write": "write",
    "free": "double free",
    "one_call": "read",
    "reused_read": "read",
    "reused_write": "write",
    "reused_free": "double free",
    "copy": "read",
    "system_call": "write()",
    "resized": "read",
    "other_thread": "read",
    "churned": "read",
}
"""The kinds of the specimens blocks and slabs, and what the guard must see."""

ITEMS = ("text", "instance", "instance_reused", "float", "float_collected", "list", "list_collected")


def block(name: str, kind: str) -> Program:
    handle = {name: Ref(f"{name}_1")}
    return Program((Step("make", {"kind": kind}, f"{name}_1"), Step("release", handle), Step("use", handle)))


def item(kind: str) -> Program:
    return Program(
        (
            Step("gather", {"kind": kind}, "items_1"),
            Step("keep", {"items": Ref("items_1")}, "keeper_1"),
            Step("clear", {"items": Ref("items_1")}),
            Step("ask", {"keeper": Ref("keeper_1")}),
        )
    )


def steps(history: History) -> list[tuple[str, str, int, int, int]]:
    found = []
    for each in memory.accounts(history):
        moments = [moment.step if moment is not None else 0 for moment in (each.made, each.freed, each.touched)]
        found.append((each.kind, each.access, moments[0], moments[1], moments[2]))
    return found


@pytest.mark.parametrize(("name", "handle"), [("blocks", "block"), ("slabs", "slab")])
def test_every_kind_of_touch_is_seen_with_its_three_steps(specimen: Callable[..., Description], start_lane: Callable[..., Lane], name: str, handle: str) -> None:
    lane = start_lane(specimen(name, "Bug"), "guard")
    assert lane.blind == ""
    for kind, seen in KINDS.items():
        history = lane.run_one(block(handle, kind))
        told = steps(history)
        freed = 3 if kind == "one_call" else 2
        expected = ("double free", "free") if seen == "double free" else ("use after free", seen)
        assert told[:1] == [(*expected, 1, freed, 3)], kind
        assert (history.death is None) == (kind == "system_call"), kind
        assert judge(lane.target, block(handle, kind), history)[0].oracle == ("memory" if kind == "system_call" else "death"), kind


@pytest.mark.parametrize(("name", "handle"), [("blocks", "block"), ("slabs", "slab")])
def test_the_fixed_twin_is_silent_in_every_kind(specimen: Callable[..., Description], start_lane: Callable[..., Lane], name: str, handle: str) -> None:
    lane = start_lane(specimen(name, "Fixed"), "guard")
    for kind in KINDS:
        history = lane.run_one(block(handle, kind))
        assert history.complete, kind
        assert not steps(history), kind


@pytest.mark.parametrize("name", ["keeper", "holder"])
def test_an_object_that_died_is_seen_with_its_three_steps(specimen: Callable[..., Description], start_lane: Callable[..., Lane], name: str) -> None:
    lane = start_lane(specimen(name, "Bug"), "guard")
    for kind in ITEMS:
        assert steps(lane.run_one(item(kind)))[:1] == [("use after free", "read", 1, 3, 4)], kind
    lane = start_lane(specimen(name, "Fixed"), "guard")
    for kind in ITEMS:
        history = lane.run_one(item(kind))
        assert history.complete, kind
        assert not steps(history), kind


def test_the_thread_that_freed_is_named(specimen: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    lane = start_lane(specimen("blocks", "Bug"), "guard")
    make, release, use = block("block", "read").steps
    program = Program((make, Step("release", release.args, thread=1), Step("use", use.args, thread=2)))
    (account,) = memory.accounts(lane.run_one(program))
    assert [moment.thread for moment in (account.made, account.freed, account.touched) if moment is not None] == [0, 1, 2]
    assert memory.sentence(program, account) == "0 bytes into a block of 72 bytes: allocated by step 1 make() (thread 0), freed by step 2 release() (thread 1), read by step 3 use() (thread 2)"


def test_stacks_name_the_functions(specimen: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    lane = start_lane(specimen("blocks", "Bug"), "guard")
    history = lane.run_one(block("block", "read"), stacks=True)
    told = {what: "\n".join(frames) for what, frames in memory.stacks(history)}
    assert set(told) == {"allocated", "freed", "touched"}
    for what, function in (("allocated", "block_new"), ("freed", "let_go"), ("touched", "block_use")):
        assert told[what].startswith(function), told
        assert "blocks.c" in told[what]
    assert not memory.stacks(lane.run_one(block("block", "read")))


def test_the_interpreter_still_says_where_python_was(specimen: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    history = start_lane(specimen("blocks", "Bug"), "guard").run_one(block("block", "read"))
    assert history.death is not None
    assert "Fatal Python error: Segmentation fault" in history.death.stderr
    assert "blocks.py" in history.death.stderr


def test_a_late_death_is_sharpened_to_the_touch(specimen: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    """A heap that was spoilt is noticed by whoever allocates next; what the guard sees is told in its place, and nothing else is."""
    lane = start_lane(specimen("blocks", "Bug"), "guard")
    program = block("block", "write")
    late = Finding("death", "SIGABRT", "the process died of SIGABRT in the phase 'drop' after the last step: malloc(): corrupted", 0, "drop")
    sharp = sharper(lane, program, late)
    assert sharp is not None
    assert (sharp.step, sharp.phase) == (3, "steps")
    assert "freed by step 2 release()" in sharp.detail
    assert sharper(lane, program, Finding("death", "SIGSEGV", "the process died of SIGSEGV during step 3", 3, "steps")) is None, "it is told well enough"
    assert sharper(lane, program, Finding("death", "SIGSEGV", "", 0, "exit")) is None, "an exit is about the exit"
    assert sharper(lane, program, Finding("ledger", "leak", "", 0)) is None
    assert sharper(lane, Program(program.steps[:2]), late) is None, "the guard sees nothing"


def test_an_earlier_program_is_not_blamed_on_this_one(specimen: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    lane = start_lane(specimen("blocks", "Bug"), "guard")
    make, release, use = block("block", "read").steps
    batch = lane.run([Program((make, release))] * 3 + [Program((make, release, use))])
    assert [bool(steps(each)) for each in batch.histories] == [False, False, False, True]
    assert steps(batch.histories[-1]) == [("use after free", "read", 1, 2, 3)]


def test_a_program_that_forks_exits_or_raises_is_left_in_peace(plan: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    target = plan(
        """
        class T(Target):
            t = Handle()

            @creates(t)
            def make(self):
                return [bytearray(5000) for _ in range(50)]

            @uses
            def fork(self, t):
                pid = os.fork()
                if pid == 0:
                    t.clear()
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0

            @uses
            def thread(self, t):
                worker = threading.Thread(target=t.clear)
                worker.start()
                worker.join()

            @uses
            def fail(self, t):
                raise ValueError(t)
        """
    )
    handle = {"t": Ref("t_1")}
    program = Program((Step("make", {}, "t_1"), Step("fork", handle), Step("thread", handle), Step("fail", handle)), "exit")
    history = start_lane(target, "guard").run_one(program)
    assert history.complete
    assert not steps(history)


def test_a_library_with_an_allocator_of_its_own_is_named(tmp_path: Path) -> None:
    library = tmp_path / "private.so"
    library.write_bytes(b"\x7fELF\0malloc\0 ... mimalloc: warning ...")
    other = tmp_path / "other.so"
    other.write_bytes(b"\x7fELF\0memcpy\0")
    plain = tmp_path / "plain.so"
    plain.write_bytes(b"\x7fELF\0malloc\0")
    told = blind_spots([str(library), str(other), str(plain), str(tmp_path / "gone.so")])
    assert [each.split()[2] for each in told] == ["private.so", "other.so"]
    assert "mimalloc" in told[0]


def test_what_is_mapped_is_known() -> None:
    assert any("_native.abi3" in path for path in mapped_files())


def test_arguments_are_checked() -> None:
    journal = _native.Journal.create(4096)
    wrong: Any = "magic"
    with pytest.raises(ValueError, match="no method: pass one of MADV_GUARD_INSTALL, userfaultfd, MAP_FIXED"):
        _native.PageGuard.reserve(journal, method=wrong)
    with pytest.raises(ValueError, match="ask for 16777216 or more"):
        _native.PageGuard.reserve(journal, 4096)


def test_a_record_of_the_guard_that_is_none_is_damage() -> None:
    import msgspec

    from deadhand.worker.records import read_groups

    start = msgspec.msgpack.encode([H.PROGRAM, 0])
    good = [H.GUARD, "use after free", "read", 0, 8, [1, 0], None, [2, -1]]
    for bad in ([H.GUARD, "use after free"], [*good[:5], [1], None, None], [*good[:5], ["1", 0], None, None], [H.FRAMES, "made", ["x"]]):
        assert read_groups([start, msgspec.msgpack.encode(bad)], None)[1] is not None
    assert read_groups([start, msgspec.msgpack.encode(good)], None) == ([[good]], None)


ROOT = Path(__file__).resolve().parents[2]
REAL = {
    "strategies-sqlite3-py-Sqlite3/mad-14-death-crash-in-aggregate-*": ("read by step 2 aggregate()", "step 3 close() had ended connection_1"),
    "strategies-sqlite3-py-Sqlite3/mad-14-death-crash-in-executemany-*": ("read by step 3 executemany()", "step 4 close() had ended connection_1"),
    "strategies-bytearray_memoryview-py-Bytearray/mad-15-death-crash-in-search-*": ("freed by step 3 clear()", "read by step 2 search()"),
    "strategies-bytearray_memoryview-py-Bytearray/mad-15-observation-*": ("freed by step 3 clear()", "read by step 2 in_hex()"),
    "strategies-shared_memory_numpy-py-SharedMemoryNumpy/*": ("unmapped by step 3 @drop", "read by step 4 read()"),
}
"""Cases of the corpus, and the ending and the touching step that the guard must name."""


def explained(lane: Lane, program: Program) -> str:
    from deadhand.search.confirm import explain

    told = explain(lane, program, 1)
    return told.sentence if told is not None else ""


@pytest.mark.parametrize("pattern", REAL)
def test_real_bugs_are_told_by_the_step_that_ended_and_the_one_that_touched(start_lane: Callable[..., Lane], monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    if "executemany" in pattern and sys.version_info < (3, 11):
        pytest.skip("CPython 3.10 does not have this bug (seen 2026-11-27)")
    from deadhand.search.corpus import load_case

    monkeypatch.chdir(ROOT)
    (path,) = (ROOT / "corpus").glob(pattern)
    case = load_case(path)
    try:
        (target,) = load(case.target, include_unsafe=True)
    except TargetSkipped as skipped:
        pytest.skip(f"{skipped.message} (2026-11-27)")
    told = explained(start_lane(target, "guard"), case.program)
    for part in REAL[pattern]:
        assert part in told


def test_a_view_of_a_database_that_was_closed_is_told(start_lane: Callable[..., Lane], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lmdb", reason="lmdb is not installed (2026-11-27)")
    monkeypatch.chdir(ROOT)
    (target,) = load("strategies/lmdb.py")
    environment = {"environment": Ref("environment_1")}
    program = Program(
        (
            Step("open", {"size": 8}, "environment_1"),
            Step("get_and_end", environment | {"key": Blob(hex="61")}, "value_1"),
            Step("close", environment),
            Step("read", {"value": Ref("value_1")}),
        )
    )
    told = explained(start_lane(target, "guard"), program)
    assert told.endswith("mapped by step 1 open(), unmapped by step 3 close(), read by step 4 read()")


def test_what_grows_with_every_repetition_is_told_by_the_step_that_allocated_it(specimen: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    from deadhand.search.growth import REPETITIONS, growth

    leaky = Program(block("block", "one_call").steps[:2])  # the wrong twin frees this kind when it is used
    found = growth(start_lane(specimen("blocks", "Bug"), "guard"), leaky, REPETITIONS)
    assert found is not None
    assert (found.oracle, found.kind, found.step, found.mad) == ("growth", "blocks", 1, "MAD-07")
    assert found.detail == "each of 24 repetitions leaves 1 block (72 bytes) more, an empty program 0; allocated by step 1 make()"
    lane = start_lane(specimen("blocks", "Fixed"), "guard")
    for kind in KINDS:
        assert growth(lane, block("block", kind), REPETITIONS) is None, kind


def test_descriptors_and_threads_that_stay_are_told(plan: Callable[..., Description], start_lane: Callable[..., Lane]) -> None:
    from deadhand.search.growth import REPETITIONS, growth

    target = plan(
        """
        class T(Target):
            t = Handle()

            @creates(t)
            def make(self, what=st.sampled_from(["descriptor", "thread", "nothing"])):
                if what == "descriptor":
                    os.open("/dev/null", os.O_RDONLY)
                elif what == "thread":
                    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                return object()
        """
    )
    lane = start_lane(target, "guard")
    told = [growth(lane, Program((Step("make", {"what": what}, "t_1"),)), REPETITIONS) for what in ("descriptor", "thread", "nothing")]
    assert [each.kind if each is not None else None for each in told] == ["descriptors", "threads", None]
    assert growth(start_lane(target, "stock"), Program((Step("make", {"what": "descriptor"}, "t_1"),)), REPETITIONS) is None


def test_a_cache_that_fills_is_no_growth() -> None:
    from deadhand.oracles.growth import steady

    assert steady([[at, 8 * at, 3, 1] for at in range(24)]) == [1, 8, 0, 0]
    assert steady([[min(at, 14), 0, 3, 1] for at in range(24)]) == [0, 0, 0, 0]
    assert steady([[2 ** (at // 4), 0, 3, 1] for at in range(24)]) == [0, 0, 0, 0]
    assert steady([[at, at, at, at] for at in range(4)]) == [0, 0, 0, 0]
