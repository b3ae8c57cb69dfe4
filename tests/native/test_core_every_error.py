"""Every error of the guard and of the core, from Python: its type, and one line that says what happened and what to do.

`ROWS` has a row for each variant of each enum of errors in the Rust sources; a variant without one fails a test. A row
is a call that raises it (or, where C has only numbers, that records it), or the reason why Python cannot, with the Rust
test that covers it.
"""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deadhand import _native
from deadhand._native import (
    Buffer,
    Event,
    Interface,
    LastError,
    Pool,
    Store,
    Text,
    channel,
    core_ledger,
    take_last_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NATIVE = Path(__file__).resolve().parents[2] / "native"
ENUM = re.compile(r"^pub enum (\w+)(?:<\w+>)? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
VARIANT = re.compile(r"^    ([A-Z]\w*)(?=[,({ ])", re.MULTILINE)
OF_ERRORS = re.compile(r"\w+Error|Failure|Freed")
NOTHING = dict.fromkeys(core_ledger(), 0)
DEADLINE_SECONDS = 10
HANDLE = r"\d+v\d+@\d+"
THREAD = r"thread \d+"
OPERATION = r"operation \d+"


class Raised(NamedTuple):
    """What is raised, or recorded with that code, and the whole text."""

    kind: type[BaseException] | int
    text: str
    provoke: Callable[[], object]


class Unreachable(NamedTuple):
    """Why Python cannot bring it about, and the Rust test that does."""

    reason: str
    test: str


ROWS: dict[str, Raised | Unreachable] = {}


def row(name: str, kind: type[BaseException] | int, text: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def add(provoke: Callable[[], object]) -> Callable[[], object]:
        assert name not in ROWS
        ROWS[name] = Raised(kind, text, provoke)
        return provoke

    return add


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    gc.collect()
    assert core_ledger() == NOTHING


def code(number: int) -> LastError:
    """The record that belongs to the number that an entry returned."""
    record = take_last_error()
    assert record is not None
    assert record.code == -number
    return record


def in_child(source: str) -> None:
    """Run what would leave this process no room; raise what it raised."""
    program = f"from deadhand import _native\ntry:\n    {source}\nexcept Exception as error:\n    print(type(error).__name__, error)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    kind, _, text = result.stdout.rstrip("\n").partition(" ")
    raise getattr(_native, kind, MemoryError)(text)


def closed(thing: Any, use: Callable[[Any], object]) -> None:
    """Use what is gone."""
    thing.close()
    use(thing)


def refused(call: Callable[[], object]) -> _native.HandleError | None:
    """How the call was refused, if it was."""
    try:
        call()
    except _native.HandleError as error:
        return error
    return None


def beside(work: Callable[[], object], call: Callable[[], object], text: str) -> None:
    """Raise what the call says beside a thread that works. Whether the two meet is chance, so it is tried for long."""
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            refused(work)

    thread = threading.Thread(target=busy)
    thread.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    found = None
    while text not in str(found) and time.monotonic() < deadline:
        found = refused(call)
    stop.set()
    thread.join()
    assert found
    raise found


# --- the guard -------------------------------------------------------------------------------------------------------


@row("GuardError::NotAHandle", 1, r"0x1 is not a handle: pass the number that a create call returned, unchanged")
def _() -> object:
    with Interface() as interface:
        return code(interface.length(1))


@row("GuardError::WrongKind", 2, rf"{HANDLE} is a event, not a buffer: pass a buffer")
def _() -> object:
    with Interface() as interface, Event() as event:
        return code(interface.length(event.handle))


@row("GuardError::ForeignTable", 2, rf"buffer {HANDLE} belongs to table \d+, not to table \d+: use it where it was created")
def _() -> object:
    with Interface() as interface, Interface() as other:
        return code(interface.length(other.allocate(1)))


@row("GuardError::WrongOwner", 1, rf"buffer {HANDLE} is owned by the host side, this table is of the native side: was its number changed\?")
def _() -> object:
    with Interface() as interface:
        return code(interface.free(interface.allocate(1) ^ 1 << 24))


@row("GuardError::NoSuchSlot", 1, rf"buffer {HANDLE} does not exist: the table has had 1 slots so far; was its number changed\?")
def _() -> object:
    with Interface() as interface:
        return code(interface.length(interface.allocate(1) | 0x1F << 19))


@row("GuardError::NeverIssued", 1, rf"buffer {HANDLE} was never given out: its slot is at generation 1; was its number changed\?")
def _() -> object:
    with Interface() as interface:
        return code(interface.length(interface.allocate(1) + (1 << 44)))


row("GuardError::Stale", _native.StaleHandle, rf"text {HANDLE} is stale: the handle has generation \d+, its slot is at \d+, freed by {OPERATION}; drop the handle and create a new text")(lambda: closed(Text.of(""), str))


@row("GuardError::NotReady", 9, rf"buffer {HANDLE} is still being created: use it after its create call has returned")
def _() -> object:
    seen: list[LastError] = []
    with Interface() as interface:
        interface.allocate_filled(lambda handle: seen.append(code(interface.length(handle))) or b"")
    return seen[0]


@row("GuardError::Closed", _native.ClosedHandle, rf"store {HANDLE} is closed by {OPERATION}, and stays in memory for 0 uses, 1 children or its home thread; do not use it again")
def _() -> None:
    store = Store.in_memory()
    with store.read():
        store.close()
        store.read()


@row("GuardError::Fenced", _native.FencedHandle, rf"text {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new text")
def _() -> None:
    with Text.of("") as text:
        with pytest.raises(_native.NativePanic):
            text.provoke_panic()
        str(text)


@row("GuardError::Busy", _native.BusyHandle, rf"writer {HANDLE} is busy \(used by {THREAD}\): let the first use end, or use one writer per thread")
def _() -> None:
    value = bytes(10_000_000)
    with Store.in_memory() as store, store.write() as writer:
        try:
            beside(lambda: writer.put(b"", value), lambda: writer.get(b""), "used by")
        finally:
            writer.abort()


@row("GuardError::InUse", _native.BusyHandle, rf"buffer {HANDLE} cannot be disposed of: 1 uses of it are not over; release them first")
def _() -> None:
    with Buffer.zeros(1) as buffer, buffer.span(0, 1):
        buffer.close()


@row("GuardError::HasChildren", _native.HasChildren, rf"store {HANDLE} cannot be disposed of: it has 2 children; dispose of them first")
def _() -> None:
    with Store.in_memory() as store, store.read(), store.read():
        store.close(refuse=True)


@row("GuardError::WrongThread", _native.WrongThread, rf"deleter {HANDLE} belongs to {THREAD} and was used on {THREAD}: use it on the thread that created it")
def _() -> None:
    caught: list[Any] = []
    with Store.in_memory() as store, store.write() as writer, writer.deleter(b"") as deleter:
        thread = threading.Thread(target=lambda: caught.append(refused(deleter.step)))
        thread.start()
        thread.join()
    raise caught[0]


row("GuardError::TooMany", _native.HandleError, rf"buffer {HANDLE} has 524287 uses or children already, no more can be counted: release some")(lambda: in_child("buffer, spans = _native.Buffer.zeros(1), []\n    while True: spans.append(buffer.span(0, 1))"))


@row("GuardError::Full", 10, r"no buffer can be created: 1 of 2 slots are taken, 1 retired, the rest rests before reuse; dispose of some, or raise max_slots")
def _() -> object:
    """The number of slots, and the generation after which one is retired, are knobs of the guard."""
    with Interface(slots=2, generations=3) as interface:
        for _ in range(3):
            assert interface.free(interface.allocate(1)) == 0
        interface.allocate(1)
        return code(interface.allocate(1))


row("GuardError::TooManyTables", _native.HandleError, r"no table of \w+ can be made: the process has made 524287 tables; keep tables instead of remaking them")(lambda: in_child("while True: _native.Interface().close()"))


@row("GuardError::DestructorPanicked", _native.NativePanic, rf"buffer {HANDLE} is gone, but its destructor panicked and may have leaked: panicked at \S+mod\.rs:\d+:\d+: provoked by provoke_panic\(\), at the end")
def _() -> None:
    with Buffer.zeros(1) as buffer:
        buffer.provoke_panic(at_end=True)
        panic = refused(buffer.close)
        assert isinstance(panic, _native.NativePanic)
        assert (panic.location, panic.backtrace, buffer.closed) == (None, None, True)
        raise panic


row("GuardError::OutOfMemory", MemoryError, r"cannot allocate a block of 268435456 bytes: ask for less, or free some")(lambda: in_child("import resource\n    resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\n    _native.Buffer.zeros(1 << 28)"))


@row("Freed::By", 3, rf"buffer {HANDLE} is stale: the handle has generation 1, its slot is at 2, freed by {OPERATION}; drop the handle and create a new buffer")
def _() -> object:
    with Interface() as interface:
        buffer = interface.allocate(1)
        interface.free(buffer)
        return code(interface.free(buffer))


@row("Freed::Before", 3, rf"buffer {HANDLE} is stale: the handle has generation 1, its slot is at 4, freed before {OPERATION}; drop the handle and create a new buffer")
def _() -> object:
    with Interface(slots=1) as interface:
        buffers = [interface.free(buffer) or buffer for buffer in (interface.allocate(1) for _ in range(3))]
        return code(interface.length(buffers[0]))


ROWS["Freed::Unknown"] = Unreachable("a build with checks records every end before the slot moves on", "guard/src/cold.rs::an_end_is_known_exactly_or_as_a_bound_or_not_at_all")


row("CallError::Guard", _native.StaleHandle, rf"pool {HANDLE} is stale: .*; drop the handle and create a new pool")(lambda: closed(Pool.create(1), Pool.report))


@row("CallError::Panicked", _native.NativePanic, r"the call panicked at \S+ends\.rs:\d+:\d+: provoked by provoke_panic\(\); close the object it was made on and create a new one")
def _() -> None:
    with Pool.create(1) as pool:
        pool.provoke_panic()


# --- the store -------------------------------------------------------------------------------------------------------


@row("StoreError::Guard", _native.StaleHandle, rf"reader {HANDLE} is stale: .*; drop the handle and create a new reader")
def _() -> None:
    with Store.in_memory() as store:
        reader = store.read()
        reader.close()
        reader.count()


@row("StoreError::Panicked", _native.NativePanic, rf"writer {HANDLE} is fenced off, close it and create a new writer: the call panicked at \S+writer\.rs:\d+:\d+: provoked by provoke_panic\(\)")
def _() -> None:
    with Store.in_memory() as store, store.write() as writer:
        try:
            writer.provoke_panic()
        finally:
            writer.abort()


@row("StoreError::HasWriter", _native.BusyHandle, rf"store {HANDLE} has a writer already: commit or abort it first")
def _() -> None:
    with Store.in_memory() as store, store.write():
        store.write()


@row("StoreError::AlreadyOpen", _native.BusyHandle, r"\S+items is open already: close the other store, and its readers and writers, which keep it open")
def _() -> None:
    with Store.open("items"):
        Store.open(str(Path("items").resolve()))


row("StoreError::Io", FileNotFoundError, r"\[Errno 2\] the store's file failed: .*")(lambda: Store.open(Path("no") / "folder"))


@row("StoreError::Database", _native.DatabaseError, r"the database refused: .*; if the file is damaged, restore it or begin a new one")
def _() -> None:
    Store.open("items").close()
    content = Path("items").read_bytes()
    Path("items").write_bytes(content[: len(content) // 2])
    Store.open("items")


# --- memory ----------------------------------------------------------------------------------------------------------


@row("BufferError::Call", _native.FencedHandle, rf"pool {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new pool")
def _() -> None:
    with Pool.create(1) as pool:
        with pytest.raises(_native.NativePanic):
            pool.provoke_panic()
        pool.rent(1)


@row("BufferError::OutOfRange", _native.OutOfRange, r"bytes 3\.\.5 are outside of the 4 bytes there are: ask for less")
def _() -> None:
    with Buffer.zeros(4) as buffer:
        buffer.read(3, 2)


row("BufferError::TooLong", _native.OutOfRange, r"a buffer of 268435457 bytes is too long: 268435456 is the most")(lambda: Buffer.zeros((1 << 28) + 1))


@row("BufferError::SpansOut", _native.BusyHandle, rf"buffer {HANDLE} cannot be resized: 1 spans point into it; release them first")
def _() -> None:
    with Buffer.zeros(4) as buffer, buffer.span(0, 1):
        buffer.resize(1)


@row("BufferError::ViewsOut", _native.BusyHandle, rf"buffer {HANDLE} cannot be written: 2 read-only views of it are out; release them first")
def _() -> None:
    with Buffer.zeros(4) as buffer, buffer.span(0, 1) as span, span.view(), span.view():
        buffer.write(b"")


@row("BufferError::WritableViewOut", _native.BusyHandle, rf"buffer {HANDLE} cannot be read or written: a writable view of it is out; release it first")
def _() -> None:
    with Buffer.zeros(4) as buffer, buffer.span(0, 1) as span, span.view(writable=True):
        buffer.read()


@row("BufferError::Revoked", _native.StaleHandle, rf"slice {HANDLE} was revoked: make a new one")
def _() -> None:
    with Buffer.zeros(4) as buffer, buffer.slice(0, 1) as slice_:
        slice_.revoke()
        slice_.read()


@row("BufferError::Outdated", _native.StaleHandle, rf"slice {HANDLE} is of epoch 1, its buffer is at 2 since it was resized: make a new one")
def _() -> None:
    with Buffer.zeros(4) as buffer, buffer.slice(0, 1) as slice_:
        buffer.resize(9)
        slice_.read()


@row("BufferError::BufferGone", _native.StaleHandle, rf"slice {HANDLE} has lost its buffer: buffer {HANDLE} is stale: the handle has generation \d+, its slot is at \d+, freed by {OPERATION}; drop the handle and create a new buffer")
def _() -> None:
    with Buffer.zeros(4) as buffer, buffer.slice(0, 1) as slice_:
        buffer.close()
        slice_.read()


# --- callbacks -------------------------------------------------------------------------------------------------------


row("CallbackError::Call", _native.StaleHandle, rf"event {HANDLE} is stale: .*; drop the handle and create a new event")(lambda: closed(Event(), Event.fire))


@row("CallbackError::TooDeep", RecursionError, r"callbacks are nested 64 deep on this thread: do not fire from inside a callback without end")
def _() -> None:
    with Event() as event, event.register(event.fire):
        event.fire()


@row("CallbackError::Dead", _native.DeadTarget, rf"the target of registration {HANDLE} has died: keep it alive, or unregister")
def _() -> None:
    with Event() as event, event.register(type("Short", (), {"__call__": lambda _: 1})(), weak=True):
        failed(event, _native.DeadTarget)


def failed(event: Event, kind: type[BaseException]) -> None:
    """Raise the one failure of a fire."""
    gc.collect()
    with pytest.raises(_native.CallbackFailed, match=r"^1 of 1 callbacks failed, all were called: see `failures`; the first one is the cause$") as caught:
        event.fire()
    ((_, failure),) = caught.value.failures
    assert isinstance(failure, kind)
    raise failure


@row("Failure::Host", ZeroDivisionError, r"division by zero")
def _() -> None:
    with Event() as event, event.register(lambda: 1 / 0):
        failed(event, ZeroDivisionError)


ROWS["Failure::Dead"] = ROWS["CallbackError::Dead"]
ROWS["Failure::Panicked"] = Unreachable("a callback is Python, which raises and never panics", "core/src/callback/tests.rs::a_planted_panic_strikes_one_object")


@row("Failure::Refused", _native.FencedHandle, rf"registration {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new registration")
def _() -> None:
    with Event() as event, event.register(print) as registration:
        with pytest.raises(_native.NativePanic):
            registration.provoke_panic()
        failed(event, _native.FencedHandle)


# --- channels --------------------------------------------------------------------------------------------------------


@row("ChannelError::Call", _native.StaleHandle, rf"producer {HANDLE} is stale: .*; drop the handle and create a new producer")
def _() -> None:
    producer, consumer = channel(1)
    producer.close()
    consumer.close()
    producer.send(1)


@row("ChannelError::Full", _native.ChannelFull, r"the channel is full: all 1 places are taken; receive first, wait, or drop the item")
def _() -> None:
    producer, consumer = channel(1)
    with producer, consumer:
        producer.send(1)
        producer.try_send(2)


@row("ChannelError::Empty", _native.ChannelEmpty, r"the channel is empty: send first, or wait")
def _() -> None:
    producer, consumer = channel(1)
    with producer, consumer:
        consumer.try_receive()


@row("ChannelError::TimedOut", TimeoutError, r"the channel was still empty after the time that was given: wait longer")
def _() -> None:
    producer, consumer = channel(1)
    with producer, consumer:
        consumer.receive(timeout=0)


@row("ChannelError::Closed", _native.ClosedHandle, r"the channel is closed: its last producer is gone; make a new one")
def _() -> None:
    producer, consumer = channel(1)
    with consumer:
        producer.close()
        consumer.receive()


@row("ChannelError::EndClosed", _native.ClosedHandle, rf"consumer {HANDLE} was closed while it was in use: close it when nobody waits")
def _() -> None:
    """Whether the wait has begun when the end is closed is chance; a tenth of a second is enough, and it is tried ten times."""
    for _ in range(10):
        caught: list[Any] = []
        producer, consumer = channel(1)
        thread = threading.Thread(target=lambda caught=caught, end=consumer: caught.append(refused(end.receive)))
        thread.start()
        time.sleep(0.1)
        consumer.close()
        thread.join(DEADLINE_SECONDS)
        producer.close()
        if isinstance(caught[0], _native.ClosedHandle):
            raise caught[0]


row("ChannelError::BadCapacity", ValueError, r"a channel cannot have 0 places: ask for 1 to 1048576")(lambda: channel(0))


# --- text ------------------------------------------------------------------------------------------------------------


row("TextError::Call", _native.StaleHandle, rf"text {HANDLE} is stale: .*; drop the handle and create a new text")(lambda: closed(Text.of(""), Text.for_c))


row("TextError::NotUtf8", _native.NotText, r"byte 0xff at offset 1 is not UTF-8: decode the text first, or read it lossily")(lambda: Text.from_bytes(b"a\xff"))
row("TextError::Truncated", _native.NotText, r"the text ends inside the character that starts at offset 1: pass all 3 bytes of it")(lambda: Text.from_bytes(b"a\xe2\x82"))
row("TextError::Surrogate", _native.NotText, r"the character U\+DC80 at offset 0 is a surrogate that stands for the byte 0x80: pass os\.fsencode\(text\) as bytes")(lambda: Text.of("\udc80"))


@row("TextError::InteriorNul", _native.NotText, r"the text has a NUL at offset 1, and C would read it only up to there: remove it")
def _() -> None:
    with Text.of("a\0b") as text:
        text.for_c()


row("TextError::TooLong", _native.OutOfRange, r"a text of 268435457 bytes is too long: 268435456 is the most")(lambda: Text.from_bytes(bytes((1 << 28) + 1)))


@row("TextError::TooSmall", _native.OutOfRange, r"the text needs 3 bytes, there is room for 2: pass a larger buffer")
def _() -> None:
    with Text.of("abc") as text:
        text.read_into(bytearray(2))


@row("TextError::BadCut", _native.OutOfRange, r"bytes 0\.\.1 cannot be cut from a text of 2: offset 1 is inside a character")
def _() -> None:
    with Text.of("\u00fc") as text:
        text.cut(0, 1)


ROWS["TextError::Corrupt"] = Unreachable("Python has no way to the memory of a text", "core/src/text/tests.rs::freed_text_is_poisoned_and_changed_text_is_no_string")


# --- futures: there is no class for them in Python -------------------------------------------------------------------

NO_CLASS = "no class in Python has to do with futures yet"
for _variant, _test in {
    "Call": "a_panic_ends_one_task_and_strikes_one_handle",
    "NotDone": "a_result_is_waited_for_and_taken_once",
    "TimedOut": "a_result_is_waited_for_and_taken_once",
    "Cancelled": "a_cancelled_task_says_so_and_its_future_goes_on_the_runtime",
    "RuntimeClosed": "a_runtime_that_closes_tells_every_pending_task",
    "Panicked": "a_panic_ends_one_task_and_strikes_one_handle",
    "Taken": "a_result_is_waited_for_and_taken_once",
    "Forked": "in_a_fork_nobody_waits_for_threads_that_stayed_behind",
    "Deadlock": "callbacks_may_do_anything",
    "BadWorkers": "a_result_is_waited_for_and_taken_once",
}.items():
    ROWS[f"FutureError::{_variant}"] = Unreachable(NO_CLASS, f"core/src/future/tests.rs::{_test}")
ROWS["FutureError::System"] = Unreachable(f"{NO_CLASS}; it is what Tokio says when it gets no thread", "core/src/error/tests.rs::each_module_s_errors_have_their_codes")


# --- the table -------------------------------------------------------------------------------------------------------


def variants() -> set[str]:
    """Every variant of every enum of errors in the Rust sources."""
    files = [NATIVE / "guard" / "src" / "error.rs", *NATIVE.glob("core/src/*/error.rs")]
    assert len(files) >= 7
    found = [(enum, body) for file in files for enum, body in ENUM.findall(file.read_text(encoding="utf-8")) if OF_ERRORS.fullmatch(enum)]
    return {f"{enum}::{variant}" for enum, body in found for variant in VARIANT.findall(body)}


def test_every_variant_has_a_row_and_every_row_its_variant() -> None:
    there = variants()
    assert len(there) > 50
    assert sorted(there - ROWS.keys()) == [], "add a row that provokes it from Python, or says why that cannot be"
    assert sorted(ROWS.keys() - there) == [], "no such variant in the Rust sources"


def test_variants_are_read_as_they_are_written() -> None:
    source = "pub enum AnyError {\n    /// Text.\n    One {\n        Two: u32,\n    },\n    #[error(\"Three\")]\n    Four(u32),\n    Five,\n}\npub enum Other {\n    Six,\n}\n"
    assert [(enum, VARIANT.findall(body)) for enum, body in ENUM.findall(source)] == [("AnyError", ["One", "Four", "Five"]), ("Other", ["Six"])]


@pytest.mark.parametrize("name", [name for name, each in ROWS.items() if isinstance(each, Raised)])
def test_error_says_what_happened_and_what_to_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kind, text, provoke = ROWS[name]
    if isinstance(kind, int):
        record = provoke()
        assert isinstance(record, LastError)
        found, said = record.code, record.message
    else:
        with pytest.raises(kind) as caught:
            provoke()
        found, said = caught.type, str(caught.value)  # type: ignore[assignment]
    assert found == kind, f"not a subclass of it either: {found}"
    assert re.fullmatch(text, said), said


@pytest.mark.parametrize("name", [name for name, each in ROWS.items() if isinstance(each, Unreachable)])
def test_what_python_cannot_do_a_rust_test_does(name: str) -> None:
    reason, test = ROWS[name]  # type: ignore[misc]
    path, _, function = test.partition("::")
    assert reason
    source = (NATIVE / path).read_text(encoding="utf-8")
    assert re.search(rf"#\[test\]\n\s*fn {function}\(", source)
