"""Every error of the guards that C can get: its exception, and one line that a user can act on."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

HANDLE = r"\d+v\d+@\d+"
GENERATION, TABLE, OWNER = 1 << 44, 1 << 25, 1 << 24


def line(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


def elsewhere(call: Any) -> Any:
    """What a call raises on another thread."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0]


def low(core: Any, *function: str) -> Any:
    """A C function, for numbers that no object has."""
    return sys.modules[f"{core.__name__}._low"].function(*function)


def test_stale_names_both_generations_and_says_what_to_do(core: Any) -> None:
    buffer = core.Buffer.zeros(8)
    buffer.close()
    buffer.close()
    with pytest.raises(core.StaleHandle, match=rf"^buffer {HANDLE} is stale: the handle has generation \d+, its slot is at \d+, freed by operation \d+; drop the handle and create a new buffer$") as error:
        buffer.read()
    line(error)


def test_closed_waits_for_its_children(core: Any) -> None:
    store = core.Store.in_memory()
    with store.read():
        store.close()
        with pytest.raises(core.ClosedHandle, match=rf"^store {HANDLE} is closed by operation \d+, and stays in memory for 0 uses, 1 children") as error:
            store.read()
        line(error)


@pytest.mark.parametrize(
    ("bits", "said"),
    [(0, "0x0 is not a handle: pass the number that a create call returned"), (1, "0x1 is not a handle"), (GENERATION * 9, "is not a handle")],
)
def test_a_number_that_is_no_handle(core: Any, bits: int, said: str) -> None:
    with pytest.raises(core.HandleError, match=said) as error:
        low(core, "store_read", "h", "h")(bits)
    line(error)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda handle: handle + 1000, "does not exist: the table has had"),
        (lambda handle: handle + GENERATION * 5, "was never given out"),
        (lambda handle: handle ^ OWNER, "is owned by the host side"),
        (lambda handle: handle + TABLE * 5000, "belongs to table"),
    ],
)
def test_a_number_that_was_changed(core: Any, change: Any, said: str) -> None:
    with core.Store.in_memory() as store, pytest.raises(core.HandleError, match=said) as error:
        low(core, "store_read", "h", "h")(change(store.handle))
    line(error)


def test_a_handle_of_another_kind(core: Any) -> None:
    with core.Buffer.zeros(8) as buffer, pytest.raises(core.HandleError, match=rf"^{HANDLE} is a buffer, not a store: pass a store$") as error:
        low(core, "store_read", "h", "h")(buffer.handle)
    line(error)


def test_in_use_and_has_children(core: Any) -> None:
    with core.Buffer.zeros(8) as buffer, buffer.span(0, 8):
        for call, said in ((buffer.close, "cannot be disposed of: 1 uses of it are not over; release them first"), (lambda: buffer.resize(9), "1 spans point into it; release them first")):
            with pytest.raises(core.BusyHandle, match=said) as error:
                call()
            line(error)
    with core.Store.in_memory() as store, store.write() as writer:
        with pytest.raises(core.HasChildren, match="it has 1 children; dispose of them first") as error:
            store.close(refuse=True)
        line(error)
        with pytest.raises(core.BusyHandle, match="has a writer already: commit or abort it first"):
            store.write()
        writer.abort()


def test_one_thread_at_a_time(core: Any) -> None:
    """While one thread copies 30 MB into a writer, ten times, another one asks it again and again, and is refused."""
    said: list[str] = []
    with core.Store.in_memory() as store, store.write() as writer:
        value = bytes(30_000_000)

        def attempt(call: Any) -> None:
            try:
                call()
            except core.BusyHandle as busy:
                said.append(str(busy))

        thread = threading.Thread(target=lambda: [attempt(lambda: writer.put(b"large", value)) for _ in range(10)])
        thread.start()
        while thread.is_alive() and not said:
            attempt(lambda: writer.get(b"a"))
        thread.join()
        writer.abort()
    assert "is busy (used by thread " in said[0]
    assert said[0].endswith("): let the first use end, or use one writer per thread")


def test_wrong_thread(core: Any) -> None:
    with core.Store.in_memory() as store, store.write() as writer, writer.deleter(b"") as deleter:
        for call in (deleter.step, deleter.close):
            error = elsewhere(call)
            assert isinstance(error, core.WrongThread)
            assert "use it on the thread that created it" in str(error)
        assert not deleter.closed
        writer.abort()


def test_out_of_range_and_a_slice_that_lost_its_right(core: Any) -> None:
    with core.Buffer.of(b"0123456789") as buffer:
        with pytest.raises(core.OutOfRange, match=r"^bytes 8\.\.12 are outside of the 10 bytes there are: ask for less$"):
            buffer.read(8, 4)
        with pytest.raises(core.OutOfRange, match="268435456 is the most"):
            core.Buffer.zeros((1 << 28) + 1)
        with buffer.slice(0, 4) as revoked, buffer.slice(0, 4) as outdated:
            revoked.revoke()
            buffer.resize(9)
            for view, said in ((revoked, "was revoked: make a new one"), (outdated, "is of epoch 1, its buffer is at 2")):
                with pytest.raises(core.StaleHandle, match=said) as error:
                    view.read()
                line(error)
        left = buffer.slice(0, 4)
    with left, pytest.raises(core.StaleHandle, match=r"has lost its buffer: buffer .* is stale"):
        left.read()


def test_text_and_channel(core: Any) -> None:
    with pytest.raises(core.NotText, match=r"stands for the byte 0xff: pass os\.fsencode"):
        core.Text.of("a\udcff")
    with core.Text.of("a\0b") as text, pytest.raises(core.NotText, match="has a NUL at offset 1"):
        text.for_c()
    producer, consumer = core.channel(1)
    with consumer:
        with producer:
            with pytest.raises(core.ChannelEmpty, match="send first, or wait"):
                consumer.try_receive()
            producer.try_send(1)
            with pytest.raises(core.ChannelFull, match="all 1 places are taken"):
                producer.try_send(2)
            with pytest.raises(TimeoutError, match="still full"):
                producer.send(2, 0)
        assert consumer.receive() == 1
        with pytest.raises(core.ClosedHandle, match="its last producer is gone"):
            consumer.receive()
    with pytest.raises(ValueError, match="ask for 1 to 1048576"):
        core.channel(0)


def test_the_system_and_the_database_refuse(core: Any, tmp_path: Any) -> None:
    (tmp_path / "text").write_bytes(b"no database" * 500)
    with pytest.raises((core.DatabaseError, OSError), match=r"^the (database refused|store's file failed): ."):
        core.Store.open(tmp_path / "text")
    with pytest.raises(OSError, match="the store's file failed: No such file"):
        core.Store.open(tmp_path / "nowhere" / "file")
    with core.Store.open(tmp_path / "file"), pytest.raises(core.BusyHandle, match="is open already"):
        core.Store.open(tmp_path / "file")


PANICS = {
    "store": (lambda core: core.Store.in_memory(), "provoke_panic", lambda store: store.read().close()),
    "buffer": (lambda core: core.Buffer.zeros(8), "provoke_panic", lambda buffer: buffer.read()),
    "text": (lambda core: core.Text.of("a"), "provoke_panic", str),
    "event": (lambda core: core.Event(), None, lambda event: event.fire()),
    "producer": (lambda core: core.channel(1)[0], None, lambda producer: producer.counts()),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("module", PANICS)
def test_a_planted_panic_is_an_error_and_strikes_one_handle(core: Any, module: str) -> None:
    make, method, use = PANICS[module]
    struck, other = make(core), make(core)
    panic = getattr(struck, method) if method else lambda: low(core, f"{module}_provoke_panic", "h")(struck.handle)
    with pytest.raises(core.NativePanic, match=r"panicked at .*\.rs:\d+:\d+: provoked by provoke_panic\(\)") as error:
        panic()
    line(error)
    with pytest.raises(core.FencedHandle, match="is fenced off since a call on it panicked: dispose of it and create a new"):
        use(struck)
    assert not struck.closed
    use(other)
    struck.close()
    other.close()
    assert struck.closed


def test_a_panic_of_no_object(core: Any) -> None:
    with pytest.raises(core.NativePanic, match="provoked by deadhand_provoke_panic"):
        low(core, "provoke_panic", "")()


def test_what_was_overwritten_is_not_told_as_something_else(core: Any) -> None:
    """Between a call that fails and the question why, a signal handler may have called something itself."""
    failure = sys.modules[f"{core.__name__}.errors"].failure
    error = failure(3, 20, "of somebody else")
    assert isinstance(error, core.StaleHandle)
    assert str(error) == "the call failed with status 3; what it said was overwritten"
