"""Codes and last-error records of deadhand-core as Python sees them: who has which record, and what becomes of it."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Interface, LastError, clear_last_error, core_ledger, last_error, take_last_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = dict.fromkeys(core_ledger(), 0)
DEADLINE_SECONDS = 10
HANDLE = r"\d+v\d+@\d+"
STALE, NOT_READY, OUT_OF_RANGE, PANICKED, FENCED = 3, 9, 20, 12, 5


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    clear_last_error()
    assert core_ledger() == NOTHING
    yield
    gc.collect()
    assert core_ledger() == NOTHING


@pytest.fixture
def interface() -> Iterator[Interface]:
    with Interface() as interface:
        yield interface


@pytest.fixture
def keeping() -> Iterator[Interface]:
    with Interface(keep=True) as keeping:
        yield keeping


def on_another_thread(call: Callable[[], Any]) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join(DEADLINE_SECONDS)
    return answers.pop()


def freed(interface: Interface) -> int:
    """A handle of a buffer that is gone."""
    buffer = interface.allocate(1)
    assert interface.free(buffer) == 0
    return buffer


def record() -> LastError:
    found = last_error()
    assert found is not None
    return found


# --- answers ---------------------------------------------------------------------------------------------------------


def test_entries_do_what_they_say(interface: Interface) -> None:
    buffer, into = interface.allocate(4), bytearray(2)
    assert (interface.write(buffer, b"abcd"), interface.length(buffer)) == (0, 4)
    assert (interface.read_into(buffer, into, 1), into) == (0, b"bc")
    assert (interface.resize(buffer, 5), interface.length(buffer), interface.buffers()) == (2, 5, 1)
    other = interface.allocate_filled(lambda _: b"filled")
    assert (interface.length(other), interface.buffers(), core_ledger()["interface"]) == (6, 2, 1)
    assert (interface.free(buffer), interface.free(other), interface.buffers()) == (0, 0, 0)
    assert last_error() is None


def test_what_is_left_goes_with_the_interface(interface: Interface) -> None:
    for _ in range(9):
        interface.allocate(9)
    interface.close()
    interface.close()
    assert interface.closed
    with pytest.raises(_native.StaleHandle, match=rf"^interface {HANDLE} is stale: .*freed by operation \d+; drop the handle and create a new interface$"):
        interface.buffers()
    assert interface.allocate(1) == -STALE
    assert record().message.startswith("interface ")
    assert record().handle == interface.handle


def test_undisposed_drop_warns() -> None:
    interface = Interface()
    with pytest.warns(ResourceWarning, match=rf"^unclosed interface {HANDLE}: close it, or use it in a with statement$"):
        del interface


@pytest.mark.parametrize("wrong", ["1", 1.0, None, -1, 1 << 64])
def test_arguments_are_raised_and_not_recorded(interface: Interface, wrong: Any) -> None:
    for call in (interface.allocate, interface.length, interface.free, interface.panic, lambda value: interface.resize(value, 1), lambda value: interface.read_into(value, bytearray(1)), lambda value: Interface(slots=value or "")):
        with pytest.raises((TypeError, ValueError), match=r": pass "):
            call(wrong)
    with pytest.raises(TypeError, match=r"^fill must be callable, not int: pass a function"):
        interface.allocate_filled(1)  # type: ignore[arg-type]
    assert last_error() is None


# --- the record ------------------------------------------------------------------------------------------------------


def test_failure_is_recorded(interface: Interface) -> None:
    gone = freed(interface)
    assert interface.length(gone) == -STALE
    found = record()
    assert (found.code, found.handle) == (STALE, gone)
    assert "is stale" in found.message
    assert "freed by operation" in found.message
    assert "\n" not in found.message
    assert found == last_error(), "asking does not change it"
    assert hash(found) == hash(last_error())
    assert repr(found) == f"<LastError {STALE}: {found.message}>"
    assert (take_last_error(), take_last_error(), last_error()) == (found, None, None)
    interface.length(gone)
    clear_last_error()
    assert last_error() is None


def test_record_is_frozen_and_only_the_library_makes_one(interface: Interface) -> None:
    interface.length(1)
    found = record()
    for name in ("code", "message", "handle"):
        with pytest.raises(AttributeError):
            setattr(found, name, 1)
    with pytest.raises(TypeError):
        LastError()


def test_later_failure_overwrites(interface: Interface, keeping: Interface) -> None:
    gone = freed(interface)
    assert interface.length(gone) == -STALE
    buffer = keeping.allocate(1)
    assert keeping.read_into(buffer, bytearray(2)) == -OUT_OF_RANGE
    assert (record().code, record().handle) == (OUT_OF_RANGE, buffer)
    assert record().message == "bytes 0..2 are outside of the 1 bytes there are: ask for less"


def test_success_clears_or_keeps(interface: Interface, keeping: Interface) -> None:
    gone = freed(interface)
    interface.length(gone)
    buffer = keeping.allocate(1)
    assert (keeping.length(buffer), record().code) == (1, STALE)
    assert interface.allocate(1) > 0
    assert last_error() is None
    interface.length(gone)
    interface.buffers()
    assert record().code == STALE, "what is no entry has nothing to do with the record"


def test_no_thread_sees_the_record_of_another(interface: Interface) -> None:
    gone = freed(interface)
    assert interface.length(gone) == -STALE
    assert on_another_thread(last_error) is None
    assert on_another_thread(lambda: (interface.length(0), last_error())) != (-STALE, record())
    on_another_thread(clear_last_error)
    on_another_thread(take_last_error)
    assert on_another_thread(lambda: interface.allocate(1)) > 0
    assert (record().code, record().handle) == (STALE, gone)


def test_record_ends_with_its_thread(interface: Interface) -> None:
    gone = freed(interface)
    for _ in range(20):  # some of them in the place of one that has ended
        assert on_another_thread(lambda: (last_error(), interface.length(gone), record().code)) == (None, -STALE, STALE)


# --- nested entries --------------------------------------------------------------------------------------------------


def test_nested_entries_have_the_same_record_and_the_outer_one_ends_last(interface: Interface, keeping: Interface) -> None:
    seen: list[Any] = []

    def fill(handle: int) -> bytes:
        seen.append(last_error())
        seen.append(interface.length(gone))
        seen.append(record().code)
        return b"filled"

    gone = freed(interface)
    assert interface.length(0) == -1
    before = record()
    assert keeping.allocate_filled(fill) > 0
    assert seen == [before, -STALE, STALE], "the inner one sees what was there, and overwrites it"
    assert record().code == STALE, "the outer one succeeds and keeps"
    assert interface.allocate_filled(fill) > 0
    assert last_error() is None, "the outer one succeeds and clears"
    assert keeping.allocate_filled(lambda _: (interface.allocate(1) and b"") or b"x") > 0
    assert last_error() is None


def test_outer_failure_has_the_last_word(interface: Interface) -> None:
    gone = freed(interface)

    def fill(_handle: int) -> bytes:
        assert interface.length(gone) == -STALE
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interface.allocate_filled(fill)
    assert (record().code, record().message) == (99, "the host that was called back failed: nothing was made; ask the host why")
    assert interface.buffers() == 0


def test_handle_is_known_before_its_buffer_is_there(interface: Interface) -> None:
    seen: list[Any] = []

    def fill(handle: int) -> bytes:
        seen.extend((handle, interface.length(handle), record().handle, record().message))
        interface.free(handle)
        return b"there"

    buffer = interface.allocate_filled(fill)
    assert seen[:3] == [buffer, -NOT_READY, buffer]
    assert seen[3].endswith("is still being created: use it after its create call has returned")
    assert interface.length(buffer) == 5


def test_host_may_close_the_interface_meanwhile() -> None:
    interface = Interface()
    buffer = interface.allocate_filled(lambda _: interface.close() or b"late")
    assert buffer > 0
    assert interface.closed
    assert interface.length(buffer) == -STALE
    assert core_ledger() == NOTHING


@pytest.mark.parametrize("wrong", [None, "text", bytearray(b"a")])
def test_what_fill_returns_is_bytes(interface: Interface, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^what fill returns must be bytes, not .*: encode it first$"):
        interface.allocate_filled(lambda _: wrong)
    assert interface.buffers() == 0


# --- panics ----------------------------------------------------------------------------------------------------------


def test_panic_is_recorded_and_strikes_one_buffer(interface: Interface) -> None:
    struck, other = interface.allocate(1), interface.allocate(1)
    assert interface.panic(struck) == -PANICKED
    assert (record().code, record().handle) == (PANICKED, struck)
    assert record().message.startswith("the call panicked at ")
    assert record().message.endswith(": provoked by provoke_panic()")
    assert interface.length(struck) == -FENCED
    assert record().message.endswith("is fenced off since a call on it panicked: dispose of it and create a new buffer")
    assert (interface.length(other), interface.free(struck), interface.buffers()) == (1, 0, 1)


def test_interface_that_was_struck_has_codes_for_it(interface: Interface) -> None:
    buffer = interface.allocate(1)
    with pytest.raises(_native.NativePanic):
        interface.provoke_panic()
    assert last_error() is None, "this is no entry"
    assert (interface.length(buffer), record().handle) == (-FENCED, interface.handle)
    assert not interface.closed


@pytest.mark.parametrize("options", [(), ("-X", "dev"), ("-W", "error")])
def test_interpreter_may_leave_with_everything_open(options: tuple[str, ...]) -> None:
    code = """
import threading, time
from deadhand import _native
interface = _native.Interface(keep=True)
buffers = [interface.allocate(9) for _ in range(9)]
interface.length(0)
held = [interface, _native.last_error()]
def late():
    inside = _native.Interface()
    inside.allocate_filled(lambda handle: (inside.length(handle), time.sleep(0.2)) and b"")
threading.Thread(target=late, daemon=True).start()
time.sleep(0.05)
"""
    result = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert "panicked" not in result.stderr


def test_threads_use_one_interface_at_once(interface: Interface) -> None:
    wrong: list[Any] = []

    def work() -> None:
        gone = freed(interface)
        for length in range(200):
            buffer = interface.allocate(length)
            if interface.length(buffer) != length or last_error() is not None:
                wrong.append(length)
            if interface.length(gone) != -STALE or record().handle != gone:
                wrong.append(gone)
            interface.free(buffer)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
    assert interface.buffers() == 0
