"""The store of deadhand-core as Python sees it: its four kinds of handles, every error and its message, and their ends."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Store, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOTHING = dict.fromkeys(core_ledger(), 0)
DEADLINE_SECONDS = 10
HANDLE = r"\d+v\d+@\d+"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    assert core_ledger() == NOTHING
    yield
    gc.collect()
    assert core_ledger() == NOTHING


@pytest.fixture
def store() -> Iterator[Store]:
    """One with the keys a, b1 and b2."""
    with Store.in_memory() as store:
        with store.write() as writer:
            for key in (b"a", b"b1", b"b2"):
                writer.put(key, key.upper())
        yield store


def on_another_thread(call: Callable[[], Any]) -> Any:
    """What the call returned there; what it raised is raised here."""
    answers: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001  raised again below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE_SECONDS)
    if errors:
        raise errors.pop()
    return answers.pop()


def run_python(code: str, *options: str) -> str:
    """Run code in a fresh interpreter; what it wrote to standard error."""
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stderr


# --- answers ---------------------------------------------------------------------------------------------------------


def test_reader_is_a_snapshot(store: Store) -> None:
    with store.read() as reader, store.write() as writer:
        writer.put(b"c", b"")
        assert writer.get(b"c") == b""
        assert writer.remove(b"a")
        assert not writer.remove(b"a")
        writer.commit()
        assert (reader.count(), reader.get(b"a"), reader.get(b"c")) == (3, b"A", None)
        assert list(reader) == [(b"a", b"A"), (b"b1", b"B1"), (b"b2", b"B2")]
        assert list(reader) == []
        reader.rewind()
        assert next(reader) == (b"a", b"A")
    with store.read() as later:
        assert [key for key, _ in later] == [b"b1", b"b2", b"c"]


def test_deleter_deletes_what_has_its_prefix(store: Store) -> None:
    with store.write() as writer, writer.deleter(b"b") as deleter:
        assert [deleter.step(), deleter.step(), deleter.step()] == [b"b1", b"b2", None]
        assert writer.get(b"a") == b"A"


def test_writer_block_commits_or_aborts(store: Store) -> None:
    def fail() -> None:
        with store.write() as writer:
            writer.put(b"c", b"")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as writer:
        writer.put(b"d", b"")
    with store.write() as writer:
        writer.put(b"e", b"")
        writer.abort()
    with store.read() as reader:
        assert [reader.get(key) for key in (b"c", b"d", b"e")] == [None, b"", None]


def test_file_keeps_what_was_committed(tmp_path: Path) -> None:
    for path in (tmp_path / "items.redb", str(tmp_path / "items.redb")):
        with Store.open(path) as store:
            with store.read() as reader:
                assert reader.get(b"a") == (None if path is not str(path) else b"1")
            with store.write() as writer:
                writer.put(b"a", b"1")


def test_handles_differ_and_outlive_nothing(store: Store) -> None:
    handles = set()
    for _ in range(300):
        with store.read() as reader, store.write() as writer, writer.deleter(b"") as deleter:
            handles |= {reader.handle, writer.handle, deleter.handle}
    assert len(handles) == 900
    assert all(0 < handle < 2**64 for handle in handles)
    assert weakref.ref(store)() is store


# --- errors ----------------------------------------------------------------------------------------------------------


def test_every_error_is_a_handle_error() -> None:
    kinds = (_native.StaleHandle, _native.ClosedHandle, _native.BusyHandle, _native.WrongThread, _native.HasChildren, _native.FencedHandle, _native.NativePanic)
    assert all(issubclass(kind, _native.HandleError) and kind.__doc__ for kind in kinds)
    assert issubclass(_native.HandleError, Exception)


def test_gone_is_stale_and_says_what_to_do(store: Store) -> None:
    reader, writer = store.read(), store.write()
    deleter = writer.deleter(b"")
    other = Store.in_memory()
    for each in (reader, deleter, writer, other):
        each.close()
        each.close()
        assert each.closed
    calls = [reader.count, reader.rewind, lambda: reader.get(b""), lambda: next(reader), deleter.step, writer.commit, lambda: writer.put(b"", b""), other.read, other.write, other.provoke_panic]
    for call in calls:
        with pytest.raises(_native.StaleHandle, match=rf"^\w+ {HANDLE} is stale: .*freed by operation \d+; drop the handle and create a new \w+$"):
            call()


def test_closed_store_keeps_its_children_and_makes_no_more(store: Store) -> None:
    reader, writer = store.read(), store.write()
    store.close()
    assert store.closed
    assert not reader.closed
    with pytest.raises(_native.ClosedHandle, match=rf"^store {HANDLE} is closed by .* 2 children .*do not use it again$"):
        store.read()
    store.close(refuse=True)
    assert core_ledger() == NOTHING | {"store": 1, "reader": 1, "writer": 1}
    writer.put(b"c", b"")
    writer.commit()
    assert reader.count() == 3
    reader.close()
    assert core_ledger() == NOTHING
    with pytest.raises(_native.StaleHandle):
        store.read()


def test_close_may_refuse(store: Store) -> None:
    reader = store.read()
    with pytest.raises(_native.HasChildren, match=rf"^store {HANDLE} cannot be disposed of: it has 1 children; dispose of them first$"):
        store.close(refuse=True)
    assert not store.closed
    reader.close()
    store.close(refuse=True)
    assert store.closed


def test_second_writer_is_busy(store: Store) -> None:
    with store.write(), pytest.raises(_native.BusyHandle, match=rf"^store {HANDLE} has a writer already: commit or abort it first$"):
        store.write()
    store.write().abort()


def test_one_thread_at_a_time(store: Store) -> None:
    """Whoever comes while a call is at work is told who is in it."""
    writer, value, refused, stop = store.write(), bytes(30_000_000), [], threading.Event()

    def attempt(call: Callable[[], object]) -> None:
        try:
            call()
        except _native.BusyHandle as busy:
            refused.append(str(busy))

    def work() -> None:
        while not stop.is_set():
            attempt(lambda: writer.put(b"large", value))

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    # In the first moments of a call nobody is known to be in it yet.
    while not any("used by" in each for each in refused) and time.monotonic() < deadline:
        attempt(lambda: writer.get(b"a"))
    stop.set()
    thread.join()
    writer.abort()
    told = next(each for each in refused if "used by" in each)
    assert f"writer {told.split()[1]} is busy (used by thread " in told
    assert all(each.endswith(": let the first use end, or use one writer per thread") for each in refused)


def test_deleter_belongs_to_its_thread(store: Store) -> None:
    with store.write() as writer, writer.deleter(b"") as deleter:
        for call in (deleter.step, deleter.close):
            with pytest.raises(_native.WrongThread, match=rf"^deleter {HANDLE} belongs to thread \d+ and was used on thread \d+: use it on the thread that created it$"):
                on_another_thread(call)
        assert on_another_thread(lambda: (deleter.closed, deleter.handle)) == (False, deleter.handle)
        deleter.close()
        with pytest.raises(_native.WrongThread):
            on_another_thread(deleter.close)


def test_deleter_ends_with_its_writer(store: Store) -> None:
    writer = store.write()
    with writer.deleter(b"") as deleter:
        writer.commit()
        with pytest.raises(_native.StaleHandle, match=r"^writer .* is stale"):
            deleter.step()
        assert not deleter.closed


def test_panic_strikes_one_store_only(store: Store) -> None:
    with Store.in_memory() as other, store.read() as reader:
        with pytest.raises(_native.NativePanic, match=rf"^store {HANDLE} is fenced off, close it and create a new store: the call panicked at .*: provoked") as caught:
            store.provoke_panic()
        assert caught.value.location is not None
        assert "store.rs:" in caught.value.location
        assert "provoke_panic" in str(caught.value.backtrace)
        for call in (store.read, store.write, store.provoke_panic):
            with pytest.raises(_native.FencedHandle, match=rf"^store {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new store$"):
                call()
        assert reader.count() == 3
        other.write().abort()
        assert not store.closed
        store.close()
        assert store.closed


def test_panic_prints_nothing() -> None:
    code = "from deadhand import _native\nwith _native.Store.in_memory() as s:\n try: s.provoke_panic()\n except _native.NativePanic: pass"
    assert run_python(code) == ""


def test_file_errors(tmp_path: Path) -> None:
    path = tmp_path / "items.redb"
    with Store.open(path), pytest.raises(_native.BusyHandle, match=r"items\.redb is open already: close the other store, and its readers and writers"):
        Store.open(path)
    with pytest.raises(FileNotFoundError, match="the store's file failed"):
        Store.open(tmp_path / "no" / "folder")
    (tmp_path / "note").write_text("no database " * 900)
    with pytest.raises((_native.DatabaseError, OSError), match=r"^the (database refused|store's file failed): ."):
        Store.open(tmp_path / "note")


@pytest.mark.parametrize("wrong", ["text", bytearray(b"a"), 1, None])
def test_keys_are_bytes(store: Store, wrong: Any) -> None:
    with store.read() as reader, store.write() as writer:
        for call in (lambda: reader.get(wrong), lambda: writer.get(wrong), lambda: writer.remove(wrong), lambda: writer.put(wrong, b"")):
            with pytest.raises(TypeError, match=r"^key must be bytes, not .*: encode it first$"):
                call()
        with pytest.raises(TypeError, match=r"^value must be bytes"):
            writer.put(b"", wrong)
        with pytest.raises(TypeError, match=r"^prefix must be bytes"):
            writer.deleter(wrong)


def test_path_is_a_path() -> None:
    with pytest.raises(TypeError, match=r"^path must be a str or os\.PathLike, not int: pass the path of the database file$"):
        Store.open(1)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [_native.Store, _native.Reader, _native.Writer, _native.Deleter])
def test_only_the_library_makes_handles(kind: type) -> None:
    for make in (kind, lambda: kind.__new__(kind)):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        type("Sub", (kind,), {})


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["store", "reader", "writer", "deleter"])
def test_undisposed_drop_warns(store: Store, kind: str) -> None:
    with store.write() as writer:
        make: dict[str, Callable[[], object]] = {"store": Store.in_memory, "reader": store.read, "deleter": lambda: writer.deleter(b"")}
        if kind == "writer":
            writer.abort()
            make[kind] = store.write
        made = make[kind]()
        with pytest.warns(ResourceWarning, match=rf"^unclosed {kind} {HANDLE}: close it, or use it in a with statement$"):
            del made
        store.read().close()


def test_warning_as_error_is_unraisable(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: seen.append(info.exc_value))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.read()
    assert [type(each) for each in seen] == [ResourceWarning]


def test_what_is_going_cannot_be_brought_back_by_the_warning(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = store.read()
    reference = weakref.ref(reader)
    seen: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", lambda message, *_: seen.append((message, reference(), core_ledger()["reader"])))
        del reader
    assert [(each[1], each[2]) for each in seen] == [(None, 0)]


def test_drop_keeps_the_exception_that_is_on_its_way(store: Store) -> None:
    with pytest.warns(ResourceWarning), pytest.raises(ZeroDivisionError):
        _ = [store.read(), 1 // 0]


def test_drop_on_another_thread_is_queued_home_and_drained(store: Store) -> None:
    with store.write() as writer:
        held = [writer.deleter(b"") for _ in range(3)]
        with pytest.warns(ResourceWarning, match="unclosed deleter"):
            on_another_thread(held.clear)
        assert on_another_thread(core_ledger)["queued"] == 3
        assert core_ledger() == NOTHING | {"store": 1, "writer": 1}


def test_deleter_ends_with_its_thread(store: Store) -> None:
    with store.write() as writer:
        deleter = on_another_thread(lambda: writer.deleter(b""))
        deadline = time.monotonic() + DEADLINE_SECONDS
        while core_ledger()["deleter"] and time.monotonic() < deadline:
            time.sleep(0.001)  # threads are joined before the system has ended them
        assert deleter.closed
        assert core_ledger() == NOTHING | {"store": 1, "writer": 1}
        with pytest.raises(_native.WrongThread):
            deleter.close()


def test_threads_share_a_store(store: Store) -> None:
    """Four threads write, read and drop what they made; nothing is lost and nothing is left."""

    def work(number: int) -> None:
        done = 0
        while done < 50:
            try:
                with store.write() as writer:
                    writer.put(b"%d %d" % (number, done), b"")
                done += 1
            except _native.BusyHandle:
                pass
            with store.read() as reader:
                reader.count()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as reader:
        assert reader.count() == 3 + 4 * 50


@pytest.mark.parametrize("options", [(), ("-X", "dev"), ("-W", "error")])
def test_interpreter_may_leave_with_everything_open(options: tuple[str, ...]) -> None:
    code = """
import threading, time
from deadhand import _native
store = _native.Store.in_memory()
writer = store.write()
held = [writer.deleter(b""), store.read(), store.read]
cycle = [store.read()]
cycle.append(cycle)
def work():
    mine = writer.deleter(b"")
    while True:
        try: writer.put(b"a", bytes(100_000))
        except _native.HandleError: pass
threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""
    said = run_python(code, *options)
    assert "panick" not in said
    assert "Fatal" not in said
