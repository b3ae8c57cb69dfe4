"""The memory of deadhand-core as Python sees it: buffers, slices, spans and pools, every error and its message."""

from __future__ import annotations

import array
import ctypes
import gc
import sys
import threading
import time
import warnings
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deadhand import _native
from deadhand._native import Buffer, Pool, Slice, Span, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = dict.fromkeys(core_ledger(), 0)
DEADLINE_SECONDS = 10
HANDLE = r"\d+v\d+@\d+"
STALE = rf"^\w+ {HANDLE} is stale: .*freed by operation \d+; drop the handle and create a new \w+$"
LIMIT = 1 << 28


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    assert core_ledger() == NOTHING
    yield
    gc.collect()
    assert core_ledger() == NOTHING


@pytest.fixture
def buffer() -> Iterator[Buffer]:
    with Buffer.of(b"0123456789") as buffer:
        yield buffer


def on_another_thread(call: Callable[[], Any]) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join(DEADLINE_SECONDS)
    return answers.pop()


# --- answers ---------------------------------------------------------------------------------------------------------


def test_ledger_has_the_kinds() -> None:
    assert {"buffer", "slice", "span", "view", "pool"} <= NOTHING.keys()


@pytest.mark.parametrize("kind", ["buffer", "slice", "span"])
def test_bytes_go_in_and_out(buffer: Buffer, kind: str) -> None:
    with buffer.slice(0, 10) as slice_, buffer.span(0, 10) as span:
        view: Buffer | Slice | Span = {"buffer": buffer, "slice": slice_, "span": span}[kind]  # type: ignore[assignment]
        view.write(b"ab", 4)
        view.write(b"", 10)
        assert (view.length, view.read(), view.read(8), view.read(3, 3), view.read(length=2)) == (10, b"0123ab6789", b"89", b"3ab", b"01")
        assert view.read(10) == view.read(10, 0) == b""
        into = bytearray(3)
        view.read_into(into, 4)
        assert into == b"ab6"
        view.read_into(bytearray(), 10)
        assert buffer.read() == b"0123ab6789"


def test_view_shows_its_part(buffer: Buffer) -> None:
    with buffer.slice(2, 4) as slice_, buffer.span(4, 4) as span:
        slice_.write(b"x", 3)
        assert (slice_.read(), slice_.read(1), span.read(), span.read(1, 2)) == (b"234x", b"34x", b"4x67", b"x6")
        assert buffer.read() == b"01234x6789"


def test_resize_keeps_what_fits_and_counts_epochs() -> None:
    with Buffer.zeros(3) as buffer:
        buffer.write(b"abc")
        assert (buffer.epoch, buffer.resize(5), buffer.read(), buffer.length) == (1, 2, b"abc\0\0", 5)
        assert (buffer.resize(1), buffer.read(), buffer.epoch) == (3, b"a", 3)


def test_memory_is_resurrected_under_a_new_handle() -> None:
    with Pool.create(1) as pool:
        first = pool.rent(10)
        first.write(b"0123456789")
        first.close()
        with pool.rent(12) as second, pool.rent(1):
            assert second.handle != first.handle
            assert second.read() == bytes(12)
            with pytest.raises(_native.StaleHandle, match=STALE):
                first.read()
            assert pool.report() == {"rented": 3, "resurrected": 1, "resting": 0, "dirty": []}
        assert pool.report()["resting"] == 1


def test_rented_buffer_outlives_its_pool() -> None:
    with Pool.create(1) as pool:
        buffer = pool.rent(4)
    assert buffer.read() == bytes(4)
    buffer.close()


def test_bytearray_is_filled_whatever_its_class_says(buffer: Buffer) -> None:
    class Loud(bytearray):
        def __len__(self) -> int:
            raise ZeroDivisionError

        def __setitem__(self, *_: Any) -> None:
            raise ZeroDivisionError

    into = Loud(b"..")
    buffer.read_into(into)
    assert bytes(memoryview(into)) == b"01"


def test_bytearray_may_be_lent_meanwhile(buffer: Buffer) -> None:
    into = bytearray(4)
    with memoryview(into) as lent:
        buffer.read_into(into, 6)
        assert lent == b"6789"


def test_any_thread_may_use_and_close_it(buffer: Buffer) -> None:
    slice_, span = buffer.slice(0, 2), buffer.span(2, 2)
    assert on_another_thread(lambda: (slice_.read(), span.read(), buffer.length)) == (b"01", b"23", 10)
    for each in (slice_, span, buffer):
        on_another_thread(each.close)
        assert each.closed


def test_large_copies_let_other_threads_run() -> None:
    """Readers and writers at once: a read sees one write or the other, never a mixture."""
    size, seen = 5_000_000, set()
    values = [bytes([number]) * size for number in (1, 2, 3)]
    with Buffer.of(values[0]) as buffer:

        def work(value: bytes) -> None:
            for _ in range(10):
                buffer.write(value)
                found = buffer.read()
                seen.add((found[0], found.count(found[0])))

        threads = [threading.Thread(target=work, args=(value,)) for value in values]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {count for _, count in seen} == {size}


def test_handles_differ_and_names_are_told(buffer: Buffer) -> None:
    handles = set()
    for _ in range(300):
        with Buffer.zeros(1) as other, buffer.slice(0, 1) as slice_, buffer.span(0, 1) as span, Pool.create(0) as pool:
            handles |= {each.handle for each in (other, slice_, span, pool)}
    assert len(handles) == 1200
    assert weakref.ref(buffer)() is buffer
    assert repr(buffer).startswith("<Buffer ")
    assert repr(buffer).endswith(": open>")
    assert repr(other).endswith(": closed>")


# --- errors ----------------------------------------------------------------------------------------------------------


def test_gone_is_stale_and_says_what_to_do() -> None:
    buffer, pool = Buffer.zeros(8), Pool.create(1)
    slice_, span = buffer.slice(0, 8), buffer.span(0, 8)
    for each in (slice_, span, buffer, pool):
        each.close()
        each.close()
        assert each.closed
    calls: list[Callable[[], object]] = [lambda: buffer.length, lambda: buffer.epoch, lambda: buffer.resize(1), lambda: buffer.slice(0, 1), lambda: buffer.span(0, 1), buffer.provoke_panic, slice_.revoke, pool.report, lambda: pool.rent(1), lambda: slice_.length, lambda: span.length]
    for view in (buffer, slice_, span):
        calls += [view.read, lambda view=view: view.write(b""), lambda view=view: view.read_into(bytearray())]
    for call in calls:
        with pytest.raises(_native.StaleHandle, match=STALE):
            call()


@pytest.mark.parametrize("kind", ["buffer", "slice", "span"])
def test_range_is_checked_before_anything_is_allocated(buffer: Buffer, kind: str) -> None:
    with buffer.slice(0, 10) as slice_, buffer.span(0, 10) as span:
        view: Any = {"buffer": buffer, "slice": slice_, "span": span}[kind]
        into = bytearray(b"." * 11)
        calls: dict[str, Callable[[], object]] = {
            "11..11": lambda: view.read(11),
            "0..11": lambda: view.read(0, 11),
            str(2**63): lambda: view.read(1, 2**63 - 1),
            str(2**64 - 1): lambda: view.read(2**64 - 1),
            "9..11": lambda: view.write(b"ab", 9),
            "0..11 ": lambda: view.read_into(into),
        }
        for part, call in calls.items():
            with pytest.raises(_native.OutOfRange, match=r"^bytes \d+\.\.\d+ are outside of the 10 bytes there are: ask for less$") as caught:
                call()
            assert part in str(caught.value)
        assert into == b"." * 11
    assert issubclass(_native.OutOfRange, ValueError)
    for make in (buffer.slice, buffer.span):
        with pytest.raises(_native.OutOfRange, match=r"^bytes 4\.\.11 are outside"):
            make(4, 7)


def test_too_long_is_refused(buffer: Buffer) -> None:
    with Pool.create(0) as pool:
        for call in (Buffer.zeros, pool.rent, buffer.resize):
            for length in (LIMIT + 1, 2**64 - 1):
                with pytest.raises(_native.OutOfRange, match=rf"^a buffer of {length} bytes is too long: {LIMIT} is the most$"):
                    call(length)
    assert buffer.read() == b"0123456789"


def test_slice_is_revoked_outdated_or_has_lost_its_buffer() -> None:
    with Buffer.zeros(8) as buffer:
        with buffer.slice(0, 4) as slice_:
            slice_.revoke()
            slice_.revoke()
            for call in (slice_.read, lambda: slice_.write(b"a"), lambda: slice_.length):
                with pytest.raises(_native.StaleHandle, match=rf"^slice {HANDLE} was revoked: make a new one$"):
                    call()
            for call in (lambda: slice_.read(9), lambda: slice_.write(bytes(9)), lambda: slice_.read_into(bytearray(9))):
                with pytest.raises(_native.StaleHandle, match="was revoked"):
                    call()
            assert not slice_.closed
        outdated = buffer.slice(0, 4)
        buffer.resize(8)
        with pytest.raises(_native.StaleHandle, match=rf"^slice {HANDLE} is of epoch 1, its buffer is at 2 since it was resized: make a new one$"):
            outdated.read()
        lost = buffer.slice(0, 4)
    with pytest.raises(_native.StaleHandle, match=rf"^slice {HANDLE} has lost its buffer: buffer {HANDLE} is stale: "):
        lost.write(b"a")
    outdated.close()
    lost.close()


def test_span_pins_its_buffer(buffer: Buffer) -> None:
    with buffer.span(0, 4), buffer.span(4, 4) as span:
        with pytest.raises(_native.BusyHandle, match=rf"^buffer {HANDLE} cannot be resized: 2 spans point into it; release them first$"):
            buffer.resize(20)
        with pytest.raises(_native.BusyHandle, match=rf"^buffer {HANDLE} cannot be disposed of: 2 uses of it are not over; release them first$"):
            buffer.close()
        assert not buffer.closed
        assert span.read() == b"4567"
    buffer.resize(20)
    buffer.close()
    assert buffer.closed


def test_panic_strikes_one_buffer_only(buffer: Buffer) -> None:
    with Buffer.zeros(4) as struck, struck.slice(0, 4) as slice_, struck.span(0, 4) as span:
        with pytest.raises(_native.NativePanic, match=r"^the call panicked at .*: provoked.*; close the object it was made on and create a new one$") as caught:
            struck.provoke_panic()
        assert "ends.rs:" in str(caught.value.location)
        assert "provoke_panic" in str(caught.value.backtrace)
        for call in (struck.read, span.read, struck.provoke_panic, lambda: span.length):
            with pytest.raises(_native.FencedHandle, match=rf"^buffer {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new buffer$"):
                call()
        with pytest.raises(_native.StaleHandle, match=rf"^slice {HANDLE} has lost its buffer: buffer {HANDLE} is fenced off"):
            slice_.read()
        assert not struck.closed
    assert struck.closed
    assert buffer.read(0, 1) == b"0"


@pytest.mark.parametrize("wrong", ["text", bytearray(b"a"), 1, None])
def test_data_is_bytes(buffer: Buffer, wrong: Any) -> None:
    with buffer.slice(0, 4) as slice_, buffer.span(0, 4) as span:
        for call in (Buffer.of, buffer.write, slice_.write, span.write):
            with pytest.raises(TypeError, match=r"^data must be bytes, not .*: encode it first$"):
                call(wrong)


@pytest.mark.parametrize("wrong", [b"four", memoryview(b"four"), memoryview(bytearray(8))[::2], "text", 4, None], ids=["bytes", "read-only", "strided", "text", "number", "none"])
def test_memory_to_fill_is_writable_and_contiguous(buffer: Buffer, wrong: Any) -> None:
    with buffer.slice(0, 4) as slice_, buffer.span(0, 4) as span:
        for view in (buffer, slice_, span):
            with pytest.raises(TypeError, match=r"^into must be a writable and contiguous buffer, not \w+: pass a bytearray of the length to read, or an array or memoryview of it$"):
                view.read_into(wrong)  # type: ignore[attr-defined]


def test_any_memory_of_the_host_is_filled(buffer: Buffer) -> None:
    memory = bytearray(b"........")
    rows = np.zeros((2, 2), np.uint16)
    for into, seen in ((memoryview(memory)[2:6], lambda: bytes(memory)), (array.array("i", [0]), None), (rows, rows.tobytes), ((ctypes.c_char * 3)(), None)):
        buffer.read_into(into, 1)
        content = seen() if seen else bytes(into)
        assert content.strip(b".") == b"12345678"[: memoryview(into).nbytes]


def test_memory_of_the_host_that_fails_is_left_to_it(buffer: Buffer) -> None:
    released = memoryview(bytearray(4))
    released.release()
    with pytest.raises(ValueError, match="released memoryview"):
        buffer.read_into(released)
    assert buffer.read() == b"0123456789"


def test_memory_is_pinned_while_it_is_filled() -> None:
    """Whether another thread comes in the middle is chance; that it is refused then, and that nothing is lost, is not."""
    into, stop = bytearray(30_000_000), threading.Event()
    with Buffer.of(b"x" * 30_000_000) as buffer:

        def work() -> None:
            while not stop.is_set():
                with suppress(_native.OutOfRange):  # it is one byte longer just now
                    buffer.read_into(into)

        thread = threading.Thread(target=work)
        thread.start()
        deadline = time.monotonic() + DEADLINE_SECONDS
        with suppress(BufferError):
            while time.monotonic() < deadline:
                into.append(0)
                into.pop()
        refused = time.monotonic() < deadline
        stop.set()
        thread.join()
    assert refused
    assert into[:30_000_000] == b"x" * 30_000_000


def test_numbers_are_checked(buffer: Buffer) -> None:
    wrong: Any = "1"
    for name, call in (("length", Buffer.zeros), ("capacity", Pool.create), ("length", buffer.resize), ("offset", buffer.read), ("offset", lambda at: buffer.slice(at, 1)), ("length", lambda many: buffer.span(0, many))):
        with pytest.raises(TypeError, match=rf"^{name} must be an int, not str: pass 0 or more$"):
            call(wrong)  # type: ignore[operator]
        for number in (-1, 2**64):
            with pytest.raises(ValueError, match=rf"^{name} is out of range: pass 0 or more$"):
                call(number)  # type: ignore[operator]


@pytest.mark.parametrize("kind", [Buffer, Slice, Span, Pool])
def test_only_the_library_makes_handles(kind: type) -> None:
    for make in (kind, lambda: kind.__new__(kind)):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        type("Sub", (kind,), {})


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["buffer", "slice", "span", "pool"])
def test_undisposed_drop_warns(buffer: Buffer, kind: str) -> None:
    make: dict[str, Callable[[], object]] = {"buffer": lambda: Buffer.zeros(1), "slice": lambda: buffer.slice(0, 1), "span": lambda: buffer.span(0, 1), "pool": lambda: Pool.create(1)}
    made = make[kind]()
    with pytest.warns(ResourceWarning, match=rf"^unclosed {kind} {HANDLE}: close it, or use it in a with statement$"):
        del made


def test_drop_of_everything_at_once_ends_the_span_first() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        span = Buffer.zeros(8).span(0, 8)
        assert core_ledger() == NOTHING | {"buffer": 1, "span": 1}
        assert span.read() == bytes(8)
        del span
    assert [str(each.message).split()[1] for each in caught] == ["span", "buffer"]


def test_slice_keeps_the_object_but_not_the_buffer() -> None:
    slice_ = Buffer.of(b"abcd").slice(1, 2)
    assert slice_.read() == b"bc"
    slice_.close()
    with pytest.warns(ResourceWarning, match="unclosed buffer"):
        del slice_


def test_drop_on_another_thread_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: seen.append(info.exc_value))
    held = [Buffer.zeros(8)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        on_another_thread(held.clear)
    assert [type(each) for each in seen] == [ResourceWarning]
    assert core_ledger() == NOTHING


def test_close_raises_while_another_thread_reads_and_works_after() -> None:
    """Whether the close comes during a read is chance; what may not happen is that it is neither done nor refused."""
    with Buffer.zeros(20_000_000) as buffer:
        ended: list[str] = []

        def read() -> None:
            try:
                while True:
                    buffer.read()
                    time.sleep(0.002)  # lets the close in: it waits for nobody
            except _native.HandleError as error:
                ended.append(type(error).__name__)

        thread = threading.Thread(target=read)
        thread.start()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            try:
                buffer.close()
            except _native.BusyHandle:
                time.sleep(0.0005)
                continue
            break
        thread.join(DEADLINE_SECONDS)
        assert buffer.closed
        assert ended in (["StaleHandle"], ["ClosedHandle"])  # closed, while its memory is put away
