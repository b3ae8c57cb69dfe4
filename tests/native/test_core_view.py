"""Bytes of deadhand-core that are lent to Python: what a view keeps, what it keeps away, and how it lets go."""

from __future__ import annotations

import array
import ctypes
import gc
import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deadhand import _native
from deadhand._native import Buffer, Pool, Span, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = dict.fromkeys(core_ledger(), 0)
DEADLINE_SECONDS = 10
HANDLE = r"\d+v\d+@\d+"
SHOWN = rf"^buffer {HANDLE} cannot be written: \d+ read-only views of it are out; release them first$"
LENT = rf"^buffer {HANDLE} cannot be read or written: a writable view of it is out; release it first$"
IN_USE = rf"^\w+ {HANDLE} cannot be disposed of: \d+ uses of it are not over; release them first$"


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


@pytest.fixture
def span(buffer: Buffer) -> Iterator[Span]:
    with buffer.span(2, 4) as span:
        yield span


def on_another_thread(call: Callable[[], Any]) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join(DEADLINE_SECONDS)
    return answers.pop()


# --- what it shows ---------------------------------------------------------------------------------------------------


def test_view_is_the_bytes_themselves(buffer: Buffer, span: Span) -> None:
    with span.view() as view:
        assert (bytes(view), view.nbytes, view.format, view.itemsize, view.ndim, view.contiguous, view.readonly) == (b"2345", 4, "B", 1, 1, True, True)
        assert (view[1], view[-1:].tobytes(), view == b"2345", list(view.cast("H"))) == (ord("3"), b"5", True, list(array.array("H", b"2345")))
        assert struct.unpack_from("<HH", view) == struct.unpack("<HH", b"2345")
        assert b"".join([view, view]) == b"23452345"
        assert zlib.crc32(view) == zlib.crc32(b"2345")
        assert (buffer.read(), span.read(1, 2)) == (b"0123456789", b"34")
        with pytest.raises(TypeError, match="read-only"):
            view[0] = 1


def test_writable_view_writes_to_the_buffer(buffer: Buffer, span: Span) -> None:
    with span.view(writable=True) as view:
        view[:2] = b"ab"
        assert io.BytesIO(b"!").readinto(view[3:]) == 1
        assert bytes(view) == b"ab4!"
    assert buffer.read() == b"01ab4!6789"


def test_views_can_be_empty(buffer: Buffer) -> None:
    with buffer.span(10, 0) as span:
        for writable in (False, True):
            with span.view(writable=writable) as view:
                assert (view.nbytes, bytes(view), view.readonly) == (0, b"", not writable)
                assert core_ledger()["view"] == 1
    with Buffer.zeros(0) as empty, empty.span(0, 0) as span, span.view() as view:
        assert view == b""


def test_arrays_lie_over_it(span: Span) -> None:
    with span.view(writable=True) as view:
        numbers = np.frombuffer(view, np.uint8)
        numbers += 1
        letters = (ctypes.c_char * 4).from_buffer(view)
        assert letters.raw == b"3456"
        letters[0] = b"x"
        assert numbers.tobytes() == b"x456"
        del numbers, letters
        gc.collect()
    assert span.read() == b"x456"


def test_only_a_view_is_a_buffer(buffer: Buffer, span: Span) -> None:
    with buffer.slice(0, 1) as slice_:
        for each in (buffer, slice_, span):
            with pytest.raises(TypeError, match="bytes-like object is required"):
                memoryview(each)  # type: ignore[arg-type]


def test_what_is_shown_cannot_be_written_to(span: Span) -> None:
    with span.view() as view:
        with pytest.raises(TypeError):
            io.BytesIO(b"!").readinto(view)
        with pytest.raises(TypeError, match="not writable"):
            (ctypes.c_char * 4).from_buffer(view)  # type: ignore[arg-type]
        assert not np.frombuffer(view, np.uint8).flags.writeable
    gc.collect()


# --- what it keeps away ----------------------------------------------------------------------------------------------


def test_a_shown_buffer_is_read_but_not_written(buffer: Buffer, span: Span) -> None:
    with buffer.slice(0, 9) as slice_, span.view() as first, span.view() as second:
        for call in (lambda: buffer.write(b"!"), lambda: slice_.write(b""), lambda: span.write(b"!"), lambda: span.view(writable=True)):
            with pytest.raises(_native.BusyHandle, match=SHOWN) as caught:
                call()
            assert ": 2 read-only" in str(caught.value)
        for view in (buffer, slice_, span):
            view.read()
            view.read_into(bytearray(2))
        assert first == second == b"2345"
    buffer.write(b"!", 2)
    assert span.read() == b"!345"


def test_a_lent_buffer_is_neither_read_nor_written(buffer: Buffer, span: Span) -> None:
    into = bytearray(2)
    with buffer.slice(0, 9) as slice_, buffer.span(9, 1) as other, span.view(writable=True):
        calls: list[Callable[[], object]] = [span.view, other.view, lambda: other.view(writable=True)]
        for view in (buffer, slice_, span):
            calls += [view.read, lambda view=view: view.read_into(into), lambda view=view: view.write(b"!")]
        for call in calls:
            with pytest.raises(_native.BusyHandle, match=LENT):
                call()
        assert (buffer.length, buffer.epoch, slice_.length, span.length, into) == (10, 1, 9, 4, bytes(2))
        slice_.revoke()
    assert buffer.read() == b"0123456789"


@pytest.mark.parametrize("writable", [False, True])
def test_span_and_buffer_stay(buffer: Buffer, span: Span, writable: bool) -> None:
    with span.view(writable=writable) as view:
        for close in (span.close, buffer.close, span.__exit__, buffer.__exit__):
            with pytest.raises(_native.BusyHandle, match=IN_USE):
                close()
        with pytest.raises(_native.BusyHandle, match=r" 1 spans point into it"):
            buffer.resize(99)
        assert (view.tobytes(), span.closed, buffer.closed) == (b"2345", False, False)


def test_buffer_cannot_die_under_a_view() -> None:
    """Every end that a buffer can have is refused or comes later, so that no view ever shows memory that is gone."""
    with Pool.create(1) as pool:
        buffer = pool.rent(4)
        buffer.write(b"kept")
        span = buffer.span(0, 4)
        view = span.view()
        for end in (buffer.close, lambda: buffer.resize(0), span.close):
            with pytest.raises(_native.BusyHandle):
                end()
        pool.close()
        assert view == b"kept"
        with pytest.raises(_native.NativePanic):
            buffer.provoke_panic()
        with pytest.raises(_native.BusyHandle, match=IN_USE):
            buffer.close()
        with pytest.raises(_native.FencedHandle):
            span.view()
        assert view == b"kept"
        with pytest.raises(_native.NativePanic):
            span.provoke_panic()
        with pytest.raises(_native.BusyHandle, match=IN_USE):
            span.close()
        other = Buffer.of(b"----" * 99)
        assert (view, core_ledger()["buffer"]) == (b"kept", 2)
        other.close()
        view.release()
        span.close()
        buffer.close()


def test_no_view_of_what_is_gone(buffer: Buffer) -> None:
    span = buffer.span(0, 1)
    span.close()
    for writable in (False, True):
        with pytest.raises(_native.StaleHandle, match=rf"^span {HANDLE} is stale: .*freed by operation \d+"):
            span.view(writable=writable)
    assert core_ledger()["view"] == 0
    buffer.write(b"!")


def test_read_into_a_view(buffer: Buffer, span: Span) -> None:
    with Buffer.of(b"abcdef") as other, span.view(writable=True) as view:
        other.read_into(view, 1)
        assert view == b"bcde"
        for each in (buffer, span):
            with pytest.raises(_native.BusyHandle, match=LENT):
                each.read_into(view)
    assert buffer.read() == b"01bcde6789"


# --- how it lets go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [lambda view: view[1:], lambda view: view.cast("c"), memoryview, lambda view: np.frombuffer(view, np.uint8)[1:], (ctypes.c_char * 4).from_buffer])
def test_whatever_was_made_of_it_keeps_the_bytes(span: Span, keep: Callable[[memoryview], Any]) -> None:
    view = span.view(writable=True)
    kept = keep(view)
    try:
        view.release()
    except BufferError:  # an array keeps the view itself
        del view
    assert core_ledger()["view"] == 1
    with pytest.raises(_native.BusyHandle):
        span.close()
    assert bytes(kept)[-3:] == b"345"
    del kept
    gc.collect()
    assert core_ledger()["view"] == 0


def test_bytes_live_as_long_as_an_array_does() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        numbers = np.frombuffer(Buffer.of(b"0123456789").span(2, 4).view(), np.uint8)
        gc.collect()
        others = [Buffer.of(b"----------") for _ in range(99)]
        assert numbers.tobytes() == b"2345"
        assert core_ledger() == NOTHING | {"buffer": 100, "span": 1, "view": 1}
        for other in others:
            other.close()
        assert not caught
        del numbers
    assert [str(each.message).split()[1] for each in caught] == ["span", "buffer"]


def test_a_released_view_cannot_be_taken_again(span: Span) -> None:
    view = span.view()
    lender = view.obj
    again = memoryview(lender)
    view.release()
    assert (bytes(again), core_ledger()["view"]) == (b"2345", 1)
    again.release()
    again.release()
    assert core_ledger()["view"] == 0
    for _ in range(2):
        with pytest.raises(BufferError, match=r"^the view was released, and its memory given back: take a new view\(\)$"):
            memoryview(lender)
    assert core_ledger()["view"] == 0


def test_nobody_else_makes_what_lends(span: Span) -> None:
    with span.view() as view:
        kind = type(view.obj)
        for base in (kind, kind.__mro__[1]):
            for arguments in ((), (b"bytes",), (view.obj,)):
                with pytest.raises(TypeError):
                    base(*arguments)
        with pytest.raises(TypeError):
            type("Sub", (kind,), {})
        assert gc.is_tracked(view.obj)
        assert span in gc.get_referents(view.obj)


def test_last_reference_goes_on_another_thread(span: Span) -> None:
    held = [span.view(writable=True)]
    on_another_thread(held.clear)
    assert core_ledger()["view"] == 0
    assert span.read() == b"2345"


def test_the_collector_lets_go(span: Span) -> None:
    class Knot:
        pass

    knot = Knot()
    knot.held = [knot, span.view(writable=True)]  # type: ignore[attr-defined]
    del knot
    assert core_ledger()["view"] == 1
    gc.collect()
    assert core_ledger()["view"] == 0


def test_exception_on_its_way_stays(span: Span) -> None:
    """The view, its span and its buffer end while the frame is unwound, with warnings that are errors."""

    def fail() -> None:
        numbers = np.frombuffer(Buffer.of(b"0123").span(0, 4).view(), np.uint8)
        assert numbers[99] is None

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(IndexError):
            fail()
        gc.collect()
    assert span.read() == b"2345"


def test_threads_lend_read_and_write(buffer: Buffer) -> None:
    """Whoever is let in sees whole values only; everybody else is told why not."""
    size, refused = 100_000, []
    with Buffer.zeros(size) as shared:

        def attempt(call: Callable[[], object]) -> None:
            try:
                call()
            except _native.BusyHandle as busy:
                refused.append(busy)

        def look(span: Span) -> None:
            numbers = np.frombuffer(span.view(), np.uint8)
            assert numbers.min() == numbers.max()

        def work(value: int) -> None:
            for _ in range(100):
                with shared.span(0, size) as span:
                    attempt(lambda: shared.write(bytes([value]) * size))
                    attempt(lambda: np.frombuffer(span.view(writable=True), np.uint8).fill(value))
                    attempt(lambda: look(span))

        failed: list[BaseException] = []

        def guarded(value: int) -> None:
            try:
                work(value)
            except BaseException as error:  # noqa: BLE001
                failed.append(error)

        threads = [threading.Thread(target=guarded, args=(value,)) for value in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
    assert buffer.read() == b"0123456789"


def test_fork_with_a_view_out(buffer: Buffer, span: Span) -> None:
    view = span.view(writable=True)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            view[:] = b"mine"
            view.release()
            code = 0 if buffer.read() == b"01mine6789" and core_ledger()["view"] == 0 else 2
            span.close()
            buffer.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert view == b"2345"
    view.release()
    assert buffer.read() == b"0123456789"


@pytest.mark.parametrize("options", [(), ("-X", "dev"), ("-W", "error")])
def test_interpreter_may_leave_with_views_out(options: tuple[str, ...]) -> None:
    code = """
import ctypes, sys, threading, time
from deadhand._native import Buffer, core_ledger
buffer = Buffer.of(b"0123456789")
span = buffer.span(2, 4)
view = span.view(writable=True)
held = [view[1:], view.obj, (ctypes.c_char * 4).from_buffer(view)]
cycle = [Buffer.of(b"x").span(0, 1).view()]
cycle.append(cycle)
class Late:
    def __init__(self):
        self.lend, self.shown = Buffer.of(b"late").span(0, 4).view, Buffer.of(b"shown").span(0, 4).view()
    def __del__(self):
        bytes(self.shown), bytes(self.lend()), memoryview(self.shown.obj).release()
sys.late = Late()
threading.Thread(target=lambda: (Buffer.of(b"y").span(0, 1).view(), time.sleep(60)), daemon=True).start()
while core_ledger()["view"] < 4: time.sleep(0.001)
"""
    result = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert "panicked" not in result.stderr
    assert "Fatal" not in result.stderr
