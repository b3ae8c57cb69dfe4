"""The core through the binding that UniFFI generates: every module there and back, its errors, its panics, its futures."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREIGN = Path(__file__).resolve().parents[2] / "native" / "foreign"


@pytest.fixture(scope="module")
def built() -> Any:
    """The surface; where it is missing, the tests fail: run native/foreign/build.py."""
    spec = importlib.util.spec_from_file_location("foreign_shelf_for_uniffi", FOREIGN / "shelf.py")
    assert spec is not None
    assert spec.loader is not None
    shelf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shelf)
    return shelf.load("core_uniffi")


def left(core: Any) -> dict[str, int]:
    """What is alive in the core, and how many objects of ours its binding keeps."""
    counts = {kind: count for kind, count in core.core_ledger().items() if count}
    for name in ("Item", "Callback", "WeakCallback", "AsyncCallback"):
        entries = len(getattr(core.generated, f"_UniffiFfiConverterType{name}")._handle_map)
        counts |= {name: entries} if entries else {}
    return counts


@pytest.fixture
def core(built: Any) -> Iterator[Any]:
    """The surface, with nothing left behind in it by the test before, nor by this one."""
    gc.collect()
    assert left(built) == {}
    yield built
    gc.collect()
    assert left(built) == {}


@pytest.fixture
def template(core: Any) -> Any:
    """The generated module itself."""
    return core.generated


def test_store(core: Any, tmp_path: Path) -> None:
    with core.Store.open(tmp_path / "file.redb") as store:
        with store.write() as writer:
            writer.put(b"a", b"1")
            writer.put(b"b\0", b"")
            assert writer.get(b"a") == b"1"
            assert writer.get(b"none") is None
            with writer.deleter(b"b") as deleter:
                assert (deleter.step(), deleter.step()) == (b"b\0", None)
        with store.read() as reader:
            assert (list(reader), reader.count()) == ([(b"a", b"1")], 1)
            reader.rewind()
            assert next(reader) == (b"a", b"1")
        with store.write() as writer:
            writer.put(b"not", b"committed")
            writer.abort()
        with pytest.raises(ZeroDivisionError), store.write() as writer:
            writer.put(b"neither", b"%d" % (1 // 0))
        with store.read() as reader:
            assert reader.count() == 1


def test_memory(core: Any) -> None:
    with core.Pool.create(1) as pool, pool.rent(10) as buffer:
        buffer.write(b"0123456789")
        into = bytearray(4)
        with buffer.slice(2, 4) as view:
            view.read_into(into)
            assert (into, view.read(1, 2), view.length) == (b"2345", b"34", 4)
            with buffer.span(0, 8) as span:
                span.write(b"ab", 6)
                with pytest.raises(core.BusyHandle):
                    buffer.resize(20)
            assert (buffer.resize(20), buffer.epoch, buffer.length) == (2, 2, 20)
            with pytest.raises(core.StaleHandle):
                view.read()
        assert buffer.read() == b"012345ab89" + bytes(10)
        assert pool.report()["rented"] == 1
    with core.Buffer.of(b"kept by its view").slice(0, 4) as view:
        gc.collect()
        assert view.read() == b"kept"


def test_text(core: Any) -> None:
    with core.Text.from_bytes("gr\u00fcn \U0001f980".encode()) as text, text.cut(2, 4) as part, text.join(part) as joined:
        assert (str(text), str(part), str(joined)) == ("gr\u00fcn \U0001f980", "\u00fc", "gr\u00fcn \U0001f980\u00fc")
        assert (text.length, text.characters, text.for_c()[-1:]) == (10, 6, b"\0")
        into = bytearray(12)
        assert (text.read_into(into), into[10:]) == (10, b"\0\0")
    with core.Text.from_bytes(b"\xff", lossy=True) as lossy:
        assert str(lossy) == "\ufffd"


def test_callbacks_there_and_back(core: Any) -> None:
    said: list[object] = []

    class Listener:
        def hear(self, word: object) -> object:
            said.append(word)
            return word

    listener, thing = Listener(), object()
    with core.Event() as event:
        strong, weak = event.register(listener.hear), event.register(listener.hear, weak=True, on_dead="unregister")
        answers = event.fire(thing)
        assert [answer is thing for answer in (*answers, *said)] == [True] * 4
        strong.close()
        del listener
        gc.collect()
        assert event.fire(thing) == []
        assert weak.closed
        with event.register(event.fire), pytest.raises(core.CoreError.TooDeep, match="64 deep"):
            event.fire()


def test_an_exception_of_a_callback_comes_as_text(core: Any) -> None:
    def fail() -> None:
        message = "on purpose"
        raise LookupError(message)

    with core.Event() as event, event.register(fail) as bad, event.register(list), pytest.raises(core.CallbackFailed) as error:
        event.fire()
    assert error.value.text == "1 of 2 callbacks failed, all were called: see `failures`"
    assert [(each.registration, each.text) for each in error.value.failures] == [(bad.handle, "LookupError('on purpose')")]
    assert error.value.__cause__ is None


def test_channel(core: Any) -> None:
    producer, consumer = core.channel(2)
    thing = object()
    with producer, consumer, producer.another() as another:
        producer.send(thing)
        another.try_send(consumer)
        with pytest.raises(core.ChannelFull, match="all 2 places are taken"):
            producer.try_send(1)
        with pytest.raises(core.CoreError.TimedOut, match="still full"):
            producer.send(1, 0.001)
        assert consumer.receive() is thing
        assert consumer.close() == [consumer]
        assert producer.counts() == {
            "capacity": 2, "producers": 2, "consumers": 0, "sent": 2, "received": 1, "returned": 1, "in_flight": 0,
        }  # fmt: skip


def test_a_blocked_receiver_lets_others_run(core: Any) -> None:
    producer, consumer = core.channel(1)
    with producer, consumer:
        got: list[object] = []
        thread = threading.Thread(target=lambda: got.append(consumer.receive()))
        thread.start()
        producer.send("at last")
        thread.join()
        assert got == ["at last"]


def test_errors_carry_facts(core: Any, template: Any) -> None:
    with core.Buffer.zeros(8) as buffer:
        handle = buffer.handle
    with pytest.raises(core.StaleHandle) as error:
        buffer.read()
    assert error.value.text.endswith("drop the handle and create a new buffer")
    assert error.value.handle == handle
    last = template.last_error()
    assert (last.code, last.text, last.handle) == (3, error.value.text, handle)
    with core.Buffer.zeros(8) as buffer, pytest.raises(core.OutOfRange) as error:
        buffer.read(8, 4)
    assert error.value.text == "bytes 8..12 are outside of the 8 bytes there are: ask for less"
    assert isinstance(error.value, core.HandleError)
    with pytest.raises(core.NotText) as error:
        core.Text.from_bytes(b"a\xff")
    assert "byte 0xff at offset 1" in error.value.text
    with core.Store.in_memory() as store, store.write() as writer, writer.deleter(b"") as deleter:
        elsewhere: list[BaseException] = []

        def step() -> None:
            try:
                deleter.step()
            except core.WrongThread as wrong:
                elsewhere.append(wrong)

        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
        assert [type(each) for each in elsewhere] == [core.WrongThread]


def test_wrong_arguments_are_refused_by_the_binding(core: Any) -> None:
    with core.Buffer.zeros(8) as buffer:
        for wrong, error in ((-1, ValueError), (1 << 64, ValueError), ("1", TypeError), (1.5, TypeError)):
            with pytest.raises(error):
                buffer.resize(wrong)
        with pytest.raises(TypeError, match="a bytes object is required"):
            buffer.write(bytearray(1))
    with pytest.raises(ValueError, match="no default constructor"):
        core.Store()


@pytest.mark.parametrize("make", ["Store.in_memory()", "Buffer.zeros(8)", "Text.of('a')"])
def test_a_panic_behind_the_fence_of_the_core_strikes_one_object(core: Any, make: str) -> None:
    kind, _, arguments = make.partition(".")
    struck, other = (eval(f"kind.{arguments}", {"kind": getattr(core, kind)}) for _ in range(2))
    with pytest.raises(core.NativePanic) as error:
        struck.provoke_panic()
    assert "provoked by provoke_panic()" in error.value.text
    assert ".rs:" in error.value.location
    assert error.value.backtrace
    with pytest.raises(core.FencedHandle):
        struck.provoke_panic()
    assert not other.closed
    struck.close()
    other.close()


def test_a_panic_that_only_uniffi_catches_is_its_internal_error_and_nothing_else(core: Any, template: Any, capfd: Any) -> None:
    """No place and no class of its own; the place goes to standard error."""
    with pytest.raises(core.InternalError, match=r"^provoked by provoke_panic_outside\(\)$") as error:
        template.provoke_panic_outside()
    assert not isinstance(error.value, core.HandleError)
    assert vars(error.value) == {}
    assert "error.rs" in capfd.readouterr().err


def test_futures_of_rust_are_awaited_cancelled_and_leave_nothing(template: Any) -> None:
    class Item(template.Item):  # type: ignore[misc]
        pass

    async def both() -> None:
        ends = template.channel(1)
        item = Item()
        waiting = asyncio.ensure_future(ends.consumer.receive_async())
        await asyncio.sleep(0)
        await ends.producer.send_async(item)
        assert await waiting is item
        waiting = asyncio.ensure_future(ends.consumer.receive_async())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        ends.producer.try_send_item(item)
        assert ends.consumer.try_receive_item() is item, "the cancelled wait took it"
        ends.producer.close_end()
        with pytest.raises(template.CoreError.Closed, match="its last producer is gone"):
            await ends.consumer.receive_async()
        await template.pause(0.0)

    asyncio.run(both())
    assert len(template._UniffiContinuationHandleMap) == 0


def test_tasks_of_a_runtime_of_ours(template: Any) -> None:
    class Item(template.Item):  # type: ignore[misc]
        pass

    class Identity(template.Callback):  # type: ignore[misc]
        def call(self, argument: object) -> object:
            return argument

    class Coroutine(template.AsyncCallback):  # type: ignore[misc]
        async def call(self) -> None:
            await asyncio.sleep(0)

    async def tasks() -> None:
        template.uniffi_set_event_loop(asyncio.get_running_loop())
        try:
            runtime, item = template.Runtime.start(1), Item()
            for task in (runtime.delay(item, 0.0), runtime.call(Identity(), item), runtime.call_async(Coroutine(), item)):
                assert await task.join() is item
                with pytest.raises(template.CoreError.Taken):
                    task.take()
            pending = runtime.delay(item, 900.0)
            with pytest.raises(template.CoreError.TimedOut):
                pending.wait(0.001)
            assert pending.cancel() == template.Cancel.CANCELLED
            with pytest.raises(template.CoreError.Cancelled):
                await pending.join()
            assert runtime.close(5.0).still_running == 0
        finally:
            template.uniffi_set_event_loop(None)

    asyncio.run(tasks())


def test_a_cycle_through_rust_is_kept_as_uniffi_documents(core: Any) -> None:
    """https://mozilla.github.io/uniffi-rs/0.32/foreign_traits.html: avoid cycles; closing the event is what ends one."""
    event = core.Event()
    event.registration = event.register(lambda event=event: event)
    number, maps = event.handle, core.generated._UniffiFfiConverterTypeCallback._handle_map._map
    del event
    gc.collect()
    assert left(core) == {"event": 1, "registration": 1, "Callback": 1}
    (kept,) = maps.values()
    event = kept.function()
    assert event.handle == number
    event.close()
    del kept, event
    gc.collect()
