"""What a C caller can pass by mistake: null, lengths that lie, addresses that are none. An error each time, no crash."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK, NOT_A_HANDLE, WRONG_KIND, NULL_POINTER, OUT_OF_RANGE, SYSTEM = 0, 1, 2, 22, 20, 70
KINDS = ("store", "reader", "writer", "deleter", "buffer", "slice", "span", "pool", "text", "event", "registration", "producer", "consumer")
NULL_IS_FINE = {"deadhand_bytes_free", "deadhand_items_free", "deadhand_last_error_message", "deadhand_producer_close", "deadhand_consumer_close", "deadhand_runtime_close", "deadhand_registration_call"}
LARGEST = (1 << 64) - 1


@pytest.fixture(scope="module")
def built(load: Callable[[str], Any]) -> Any:
    """The one that knows every prototype of the header."""
    return load("core_cffi")


@pytest.fixture
def c(core: Any) -> Any:
    return sys.modules[f"{core.__name__}._low"]


@pytest.fixture
def handles(core: Any) -> Iterator[dict[str, int]]:
    """One living object of each kind."""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        store, buffer, event = enter(core.Store.in_memory()), enter(core.Buffer.zeros(64)), enter(core.Event())
        writer, ends = store.write(), core.channel(4)
        stack.callback(writer.abort)
        views = enter(buffer.slice(0, 8)), enter(buffer.span(0, 8))
        every = [store, store.read(), writer, writer.deleter(b""), buffer, *views, core.Pool.create(1), core.Text.of("text")]
        every += [event, event.register(len), *ends]
        for each in every:
            if each not in (store, buffer, event, writer, *views):
                enter(each)
        yield {kind: each.handle for kind, each in zip(KINDS, every, strict=True)}


def functions(c: Any) -> dict[str, Any]:
    """Every function of the header that returns a status."""
    names = re.findall(r"^deadhand_status (deadhand_\w+)\(", (c._HERE / "deadhand.h").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) > 75
    return {name: getattr(c._library, name) for name in names if name != "deadhand_last_error_status"}


def arguments(c: Any, function: Any, handle: int, length: int) -> list[Any]:
    """Null for every pointer, `handle` for the first number and `length` for each length."""
    given: list[Any] = []
    for kind in c.ffi.typeof(function).args:
        if kind.kind in ("pointer", "function"):
            given.append(c.ffi.NULL)
        elif kind.cname == "uint64_t":
            given.append(handle)
        else:
            given.append(0 if kind.cname == "double" else length if kind.cname == "size_t" else 0)
    return given


def has_pointer(c: Any, function: Any) -> bool:
    return any(kind.kind in ("pointer", "function") for kind in c.ffi.typeof(function).args)


@pytest.mark.parametrize("length", [0, 1, LARGEST])
def test_null_for_everything_and_no_handle(c: Any, length: int) -> None:
    for name, function in functions(c).items():
        if name == "deadhand_provoke_panic":
            continue
        status = function(*arguments(c, function, 0, length))
        assert status in (NOT_A_HANDLE, NULL_POINTER, OUT_OF_RANGE), f"{name} gave {status}"
        assert c._library.deadhand_last_error_status() == status


@pytest.mark.parametrize("length", [0, 1, 8])
def test_null_for_everything_on_a_living_object(c: Any, handles: dict[str, int], length: int) -> None:
    seen = 0
    for name, function in functions(c).items():
        kind = name.split("_")[1]
        if kind not in handles or not has_pointer(c, function) or name in NULL_IS_FINE:
            continue
        args = arguments(c, function, handles[kind], length)
        status = function(*args)
        # What may be empty may be null, if its length says so: bytes of none, memory for none, an item.
        may_be_empty = length == 0 or name in ("deadhand_producer_try_send", "deadhand_producer_send")
        allowed = {NULL_POINTER} | ({OK, NOT_A_HANDLE} if may_be_empty else set()) | ({OUT_OF_RANGE} if "open" in name else set())
        assert status in allowed, f"{name} gave {status}"
        seen += status == NULL_POINTER
    assert seen > 30


def test_lengths_that_lie(c: Any, handles: dict[str, int]) -> None:
    lib, some, answer, found = c._library, b"some", c.ffi.new("uint64_t *"), c.ffi.new("deadhand_bytes *")
    room = c.ffi.new("uint8_t[]", 8)
    buffer, view, span, text, reader = (handles[kind] for kind in ("buffer", "slice", "span", "text", "reader"))
    for status in (
        lib.deadhand_buffer_of(some, LARGEST, answer),
        lib.deadhand_reader_get(reader, some, LARGEST, found),
        lib.deadhand_buffer_read(buffer, LARGEST, room, 8),
        lib.deadhand_buffer_read(buffer, 60, room, 8),
        lib.deadhand_buffer_get(buffer, 1, LARGEST - 1, found),
        lib.deadhand_slice_read(view, 1, room, 8),
        lib.deadhand_span_write(span, LARGEST, some, 4),
        lib.deadhand_buffer_slice(buffer, LARGEST, LARGEST, answer),
        lib.deadhand_buffer_zeros(LARGEST, answer),
        lib.deadhand_text_cut(text, 3, 1, answer),
        lib.deadhand_text_read(text, room, 3, c.ffi.new("size_t *")),
    ):
        assert status == OUT_OF_RANGE
    assert answer[0] == 0
    assert found.data == c.ffi.NULL
    assert bytes(c.ffi.buffer(room)) == bytes(8)


def test_an_address_that_is_not_aligned(c: Any) -> None:
    room = c.ffi.new("char[]", 32)
    odd = c.ffi.cast("uint64_t *", int(c.ffi.cast("uintptr_t", room)) | 1)
    assert c._library.deadhand_store_in_memory(odd) == NULL_POINTER
    assert "is not aligned" in str(c._failure(NULL_POINTER))


def test_answers_are_zero_where_there_is_none(c: Any) -> None:
    answer = c.ffi.new("uint64_t *", 99)
    assert c._library.deadhand_store_read(12345, answer) == NOT_A_HANDLE
    assert answer[0] == 0


PANICS_TOO = {"buffer": {"slice", "span", "pool"}, "event": {"registration"}, "producer": {"consumer"}, "task": {"runtime"}}
"""Kinds of one module, any of which its panic on purpose strikes."""


def test_every_kind_refuses_every_other(c: Any, handles: dict[str, int]) -> None:
    """A handle of the wrong kind, in every function that takes one and nothing that is missing."""
    for name, function in functions(c).items():
        own = name.split("_")[1]
        if own not in handles or has_pointer(c, function):
            continue
        for kind, handle in handles.items():
            struck = name.endswith("_provoke_panic") and kind in PANICS_TOO.get(own, ())
            if kind != own and not struck:
                assert function(*arguments(c, function, handle, 0)) == WRONG_KIND, f"{name} of a {kind}"


def test_given_back_twice(c: Any, handles: dict[str, int]) -> None:
    found, lib = c.ffi.new("deadhand_bytes *"), c._library
    assert lib.deadhand_text_get(handles["text"], found) == OK
    lib.deadhand_bytes_free(found)
    assert found.data == c.ffi.NULL
    lib.deadhand_bytes_free(found)


def test_the_record_is_of_this_call_and_a_finalizer_leaves_it(c: Any, handles: dict[str, int]) -> None:
    lib, answer = c._library, c.ffi.new("uint64_t *")
    assert lib.deadhand_store_read(handles["buffer"], answer) == WRONG_KIND
    lib.deadhand_discard(handles["text"])
    lib.deadhand_discard(handles["text"])
    assert lib.deadhand_last_error_status() == WRONG_KIND
    assert lib.deadhand_last_error_handle() == handles["buffer"]
    assert lib.deadhand_reader_rewind(handles["reader"]) == OK
    assert lib.deadhand_last_error_status() == OK


def test_a_fork_goes_on_with_its_copy(script: Callable[..., str]) -> None:
    """Objects are there in parent and child, and neither sees what the other does; a runtime is the parent's."""
    assert script("""
import os
from core_cffi import _low as low
library, ffi = low._library, low.ffi
store, buffer = core.Store.in_memory(), core.Buffer.of(b"0123")
runtime, task = ffi.new("uint64_t *"), ffi.new("uint64_t *")
assert library.deadhand_runtime_new(1, runtime) == 0
if (child := os.fork()) == 0:
    with store.write() as writer:
        writer.put(b"key", b"value")
    buffer.write(b"9")
    assert buffer.read() == b"9123" and core.core_ledger()["buffer"] == 1
    buffer.close()
    store.close()
    assert library.deadhand_task_sleep(runtime[0], 0.0, ffi.NULL, ffi.NULL, task) == 70
    print(low._failure(70), flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
with store.read() as reader:
    assert reader.count() == 0
assert buffer.read() == b"0123"
assert library.deadhand_task_sleep(runtime[0], 0.0, ffi.NULL, ffi.NULL, task) == 0
assert library.deadhand_task_join(task[0], -1.0, ffi.new("void **")) == 0
""").strip() == "the threads of the runtime are in the parent process: make a new runtime after the fork"
