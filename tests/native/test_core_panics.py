"""A panic in each class of deadhand-core becomes one exception, strikes one object, and leaves the others alive."""

from __future__ import annotations

import gc
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Buffer, Event, Interface, Pool, Runtime, Store, Text, channel, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = dict.fromkeys(core_ledger(), 0)
HANDLE = r"\d+v\d+@\d+"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    assert core_ledger() == NOTHING
    yield
    gc.collect()
    assert core_ledger() == NOTHING


class Scene:
    """One object of each class, and a call on each that works."""

    def __init__(self, held: ExitStack) -> None:
        store = held.enter_context(Store.in_memory())
        reader = held.enter_context(store.read())
        writer = store.write()
        held.callback(writer.abort)
        buffer = held.enter_context(Buffer.of(b"0123"))
        event = held.enter_context(Event())
        producer, consumer = channel(3)
        held.enter_context(producer)
        held.enter_context(consumer)
        pool, text, interface = (held.enter_context(each) for each in (Pool.create(1), Text.of("text"), Interface()))
        deleter, slice_, span = (held.enter_context(each) for each in (writer.deleter(b""), buffer.slice(0, 4), buffer.span(0, 4)))
        registration = held.enter_context(event.register(lambda: 1))
        runtime = held.enter_context(Runtime())
        task = held.enter_context(runtime.spawn(int))
        made = (store, reader, writer, deleter, buffer, slice_, span, pool, text, event, registration, producer, consumer, interface, runtime, task)
        self.objects: dict[type, Any] = {type(each): each for each in made}
        self.calls: dict[type, Callable[[], object]] = {
            _native.Store: lambda: store.read().close(),
            _native.Reader: reader.count,
            _native.Writer: lambda: writer.get(b""),
            _native.Deleter: deleter.step,
            _native.Buffer: buffer.read,
            _native.Slice: slice_.read,
            _native.Span: span.read,
            _native.Pool: pool.report,
            _native.Text: lambda: str(text),
            _native.Event: event.count,
            _native.Registration: lambda: event.fire()[0],
            _native.Producer: producer.counts,
            _native.Consumer: consumer.counts,
            _native.Interface: interface.buffers,
            _native.Runtime: lambda: runtime.spawn(int).wait(60),
            _native.Task: lambda: task.wait(60),
        }


@pytest.fixture
def scene() -> Iterator[Scene]:
    with ExitStack() as held:
        yield Scene(held)


KINDS = [kind for kind in vars(_native).values() if isinstance(kind, type) and hasattr(kind, "handle") and hasattr(kind, "close")]
# What is made of an object that was struck cannot be used either: it says whose fault that is.
FALLS_WITH = {
    _native.Writer: {_native.Deleter},
    _native.Buffer: {_native.Slice, _native.Span},
    _native.Event: {_native.Registration},
}


def test_every_class_is_in_the_scene(scene: Scene) -> None:
    """A new class that has a handle belongs there, and needs a way to provoke a panic."""
    assert scene.objects.keys() == scene.calls.keys() == set(KINDS)
    assert all(hasattr(kind, "provoke_panic") for kind in KINDS)
    for call in scene.calls.values():
        call()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_panic_becomes_an_exception_and_strikes_one_object(scene: Scene, kind: type) -> None:
    struck, name = scene.objects[kind], kind.__name__.lower()
    with pytest.raises(_native.NativePanic) as caught:
        struck.provoke_panic()
    assert isinstance(caught.value, Exception)
    assert isinstance(caught.value, _native.HandleError)
    assert re.search(r"the call panicked at \S+\.rs:\d+:\d+: provoked by provoke_panic\(\)", str(caught.value))
    assert "close" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert re.fullmatch(r"\S+\.rs:\d+:\d+", str(caught.value.location))
    assert "provoke_panic" in str(caught.value.backtrace)
    with pytest.raises(_native.FencedHandle, match=rf"^{name} {HANDLE} is fenced off since a call on it panicked: dispose of it and create a new {name}$"):
        struck.provoke_panic()
    assert not struck.closed
    for other, call in scene.calls.items():
        if other is kind and kind is _native.Registration:
            with pytest.raises(_native.CallbackFailed) as failed:
                call()
            assert isinstance(failed.value.__cause__, _native.FencedHandle)
        elif other is kind or other in FALLS_WITH.get(kind, ()):
            with pytest.raises((_native.FencedHandle, _native.StaleHandle), match="is fenced off since a call on it panicked"):
                call()
        else:
            call()
    assert [each for each in scene.objects.values() if each.closed] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_was_struck_can_be_closed_and_then_is_stale(kind: type) -> None:
    with ExitStack() as held:
        scene = Scene(held)
        struck = scene.objects[kind]
        with pytest.raises(_native.NativePanic):
            struck.provoke_panic()
        if kind is _native.Buffer:
            scene.objects[_native.Span].close()
        struck.close()
        struck.close()
        assert struck.closed
        with pytest.raises((_native.StaleHandle, _native.ClosedHandle)):
            struck.provoke_panic()


def test_panic_in_a_callback_is_an_exception_of_it() -> None:
    with Event() as event, Text.of("") as text, event.register(text.provoke_panic), event.register(lambda: 1):
        with pytest.raises(_native.CallbackFailed) as caught:
            event.fire()
        assert isinstance(caught.value.__cause__, _native.NativePanic)
        assert caught.value.answers == [1]


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with Text.of("") as text, pytest.raises(_native.NativePanic):
        text.provoke_panic()
    assert capfd.readouterr() == ("", "")


def test_end_that_panics_says_so_and_ends() -> None:
    with Pool.create(1) as pool:
        for make in (lambda: Buffer.zeros(9), lambda: pool.rent(9)):
            buffer = make()
            buffer.provoke_panic(at_end=True)
            assert buffer.read() == bytes(9)
            with pytest.raises(_native.NativePanic, match=rf"^buffer {HANDLE} is gone, but its destructor panicked and may have leaked: panicked at "):
                buffer.close()
            assert buffer.closed
            buffer.close()
        dropped = Buffer.zeros(9)
        dropped.provoke_panic(at_end=True)
        with pytest.warns(ResourceWarning, match=r"^unclosed buffer"):
            del dropped
