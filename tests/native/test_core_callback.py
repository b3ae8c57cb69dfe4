"""The callbacks of deadhand-core as Python sees them: what is called when, every error and its message, and the ends."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Event, Registration, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOTHING = {"event": 0, "registration": 0}
HANDLE = r"\d+v\d+@\d+"


def alive() -> dict[str, int]:
    return {kind: core_ledger()[kind] for kind in NOTHING}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    assert alive() == NOTHING
    yield
    gc.collect()
    assert alive() == NOTHING


@pytest.fixture
def event() -> Iterator[Event]:
    with Event() as event:
        yield event


class Listener:
    """What can be referenced weakly."""

    def __call__(self, *_args: object) -> str:
        return "called"

    def method(self, *_args: object) -> str:
        return "method"


def failure(event: Event, *args: object) -> _native.CallbackFailed:
    with pytest.raises(_native.CallbackFailed) as caught:
        event.fire(*args)
    return caught.value


def fail(*_args: object) -> None:
    raise ZeroDivisionError("two\nlines")


# --- answers ---------------------------------------------------------------------------------------------------------


def test_all_are_called_in_order_with_the_arguments(event: Event) -> None:
    with event.register(lambda *args: args), event.register(len), event.register(max) as last:
        with pytest.raises(_native.CallbackFailed):
            event.fire([1, 3], [2])
        assert event.fire([1, 3]) == [([1, 3],), 2, 3]
        last.close()
        assert event.fire([1, 3]) == [([1, 3],), 2]
        assert event.count() == 2
    assert (event.fire(), event.count(), event.clear()) == ([], 0, 0)


def test_the_same_object_may_be_registered_many_times(event: Event) -> None:
    held = [event.register(list) for _ in range(3)]
    assert event.fire() == [[], [], []]
    assert len({each.handle for each in held} | {event.handle}) == 4
    assert event.clear() == 3
    assert all(each.closed for each in held)
    assert weakref.ref(held[0])() is held[0]


def test_failures_are_raised_after_all_were_called(event: Event) -> None:
    called: list[int] = []
    with event.register(called.append), event.register(fail) as first, event.register(len) as second, event.register(called.append):
        caught = failure(event, 7)
    assert called == [7, 7]
    assert str(caught) == "2 of 4 callbacks failed, all were called: see `failures`; the first one is the cause"
    assert caught.answers == [None, None]
    assert [(handle, type(error)) for handle, error in caught.failures] == [(first.handle, ZeroDivisionError), (second.handle, TypeError)]
    assert caught.__cause__ is caught.failures[0][1]
    assert issubclass(_native.CallbackFailed, _native.HandleError)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interruption_is_raised_at_once(event: Event, kind: type[BaseException]) -> None:
    def interrupt() -> None:
        raise kind

    called: list[int] = []
    with event.register(interrupt), event.register(lambda: called.append(1)), pytest.raises(kind):
        event.fire()
    assert called == []


# --- weak ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [False, True])
def test_weak_target_is_not_kept(event: Event, method: bool) -> None:
    listener = Listener()
    with event.register(listener.method if method else listener, weak=True) as registration:
        assert event.fire(1) == ["method" if method else "called"]
        del listener
        [(handle, error)] = failure(event, 1).failures
        assert handle == registration.handle
        assert isinstance(error, _native.DeadTarget)
        assert str(error).startswith("the target of registration ")
        assert str(error).endswith(" has died: keep it alive, or unregister")


def test_policies_for_the_dead(event: Event) -> None:
    listener = Listener()
    with event.register(listener, weak=True, on_dead="skip") as skipped, event.register(listener, weak=True, on_dead="unregister") as unregistered:
        assert event.fire() == ["called", "called"]
        del listener
        assert event.fire() == []
        assert (skipped.closed, unregistered.closed, event.count()) == (False, True, 1)
        assert event.fire() == []


def test_strong_target_is_kept_until_unregistered(event: Event) -> None:
    listener = Listener()
    reference = weakref.ref(listener)
    with event.register(listener):
        del listener
        gc.collect()
        assert reference() is not None
    assert reference() is None


# --- re-entrancy -----------------------------------------------------------------------------------------------------


def test_callback_may_unregister_itself_and_others(event: Event) -> None:
    def first() -> str:
        for each in held:
            each.unregister()
        return "first"

    held = [event.register(first), event.register(fail)]
    assert event.fire() == ["first"]
    assert event.fire() == []
    assert alive() == {"event": 1, "registration": 0}


def test_callback_may_register_and_the_new_one_waits(event: Event) -> None:
    held: list[Registration] = []
    held.append(event.register(lambda: held.append(event.register(lambda: "new"))))
    assert event.fire() == [None]
    assert event.fire() == [None, "new"]
    event.clear()


def test_callback_may_close_its_event() -> None:
    event = Event()
    held = [event.register(event.close), event.register(fail)]
    assert event.fire() == [None]
    assert event.closed
    assert all(each.closed for each in held)


def test_callback_may_drop_its_own_object_and_event() -> None:
    held: dict[str, Any] = {"event": Event()}
    held["registration"] = held["event"].register(held.clear)
    with pytest.warns(ResourceWarning, match="unclosed registration"):
        assert held["event"].fire() == [None]


def test_fire_in_fire_ends_before_the_stack_does(event: Event) -> None:
    depths: list[str] = []

    def again() -> None:
        try:
            event.fire()
        except RecursionError as error:
            depths.append(str(error))

    with event.register(again):
        event.fire()
    assert depths == ["callbacks are nested 64 deep on this thread: do not fire from inside a callback without end"]


def test_fires_that_multiply_end_at_once(event: Event) -> None:
    held = [event.register(event.fire) for _ in range(3)]
    with pytest.raises(RecursionError, match=r"^callbacks are nested 64 deep on this thread"):
        event.fire()
    assert event.clear() == len(held)


def test_what_dies_on_unregister_may_use_the_event(event: Event) -> None:
    seen: list[int] = []

    class Last(Listener):
        def __del__(self) -> None:
            with event.register(len):
                seen.append(event.count())
            event.clear()

    with event.register(Last()):
        pass
    event.register(Last()).close()
    event2 = Event()
    held = event2.register(Last())
    event2.close()
    assert held.closed
    assert seen == [1, 1, 1]


# --- errors ----------------------------------------------------------------------------------------------------------


def test_gone_says_what_to_do() -> None:
    event = Event()
    with event.register(len) as registration:
        event.close()
        event.close()
        registration.close()
        registration.unregister()
    assert event.closed
    for call in (event.fire, event.count, event.clear, lambda: event.register(len)):
        with pytest.raises(_native.StaleHandle, match=rf"^event {HANDLE} is stale: .*; drop the handle and create a new event$"):
            call()


def test_closed_in_its_own_call_is_closed(event: Event) -> None:
    def once() -> bool:
        registration.close()
        return registration.closed

    registration = event.register(once)
    assert event.fire() == [True]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"callback": 1}, TypeError, r"^callback must be callable, not int: pass a function or a method$"),
        ({"callback": len, "on_dead": 1}, TypeError, r"^on_dead must be a str, not int: pass 'error', 'skip' or 'unregister'$"),
        ({"callback": len, "on_dead": "keep"}, ValueError, r"^on_dead is no policy: pass 'error', 'skip' or 'unregister'$"),
        ({"callback": len, "on_dead": "\ud800"}, ValueError, r"^on_dead is no policy"),
        ({"callback": type("Fixed", (), {"__slots__": (), "__call__": fail})(), "weak": True}, TypeError, r"^callback must be weakly referable, not Fixed: pass weak=False, or wrap it$"),
    ],
)
def test_wrong_arguments(event: Event, arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        event.register(**arguments)
    assert event.count() == 0


def test_only_an_event_makes_registrations() -> None:
    for make in (Registration, lambda: Registration.__new__(Registration), lambda: type("Sub", (Event,), {})):
        with pytest.raises(TypeError):
            make()


# --- ends ------------------------------------------------------------------------------------------------------------


def test_cycle_through_a_strong_callback_is_collected() -> None:
    """Event to closure to event, the registration included: only the collector can see it."""

    def tie() -> weakref.ref[Event]:
        event = Event()
        event.register(lambda: (event, held))
        held = [event.register(lambda: (event, held)), event.register(event.fire)]
        return weakref.ref(event)

    gc.disable()
    try:
        with pytest.warns(ResourceWarning, match="unclosed registration"):
            reference = tie()
        assert reference() is not None
        assert alive() == {"event": 1, "registration": 2}
        with pytest.warns(ResourceWarning, match="unclosed event"):
            gc.collect()
        assert reference() is None
    finally:
        gc.enable()
    assert alive() == NOTHING


def test_cycle_across_events_is_collected() -> None:
    one, two = Event(), Event()
    held: list[object] = []
    held += [one.register(two.fire), two.register(one.fire), one.register(lambda kept=held: kept)]
    references = weakref.ref(one), weakref.ref(two)
    gc.collect()
    assert (one.count(), two.count()) == (2, 1)
    del one, two, held
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert [each() for each in references] == [None, None]


def test_collection_during_a_call_takes_nothing_away(event: Event) -> None:
    def collect() -> int:
        gc.collect()
        event.clear()
        gc.collect()
        return event.count()

    registration = event.register(collect)
    del collect
    assert event.fire() == [0]
    assert registration.closed


@pytest.mark.parametrize("kind", ["event", "registration"])
def test_undisposed_drop_warns(event: Event, kind: str) -> None:
    make: dict[str, Callable[[], object]] = {"event": Event, "registration": lambda: event.register(len)}
    made = make[kind]()
    with pytest.warns(ResourceWarning, match=rf"^unclosed {kind} {HANDLE}: close it, or use it in a with statement$"):
        del made
    assert event.count() == 0


def test_threads_fire_register_and_collect(event: Event) -> None:
    """Four threads at one event: nothing is lost, and nothing is left."""
    answers: list[int] = []

    def work() -> None:
        for number in range(100):
            with event.register(lambda number=number: number), event.register(lambda: event):
                answers.append(len(event.fire()) >= 2)
            if number % 20 == 0:
                gc.collect()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 400
    assert event.count() == 0


@pytest.mark.parametrize("options", [(), ("-X", "dev"), ("-W", "error")])
def test_interpreter_may_leave_with_everything_open(options: tuple[str, ...]) -> None:
    code = """
import threading, time
from deadhand import _native
event = _native.Event()
class Late:
    def __call__(self): event.fire()
    def __del__(self): event.count()
held = [event.register(Late()), event.register(Late(), weak=True, on_dead="skip"), event.register(event.fire)]
cycle = [_native.Event()]
cycle.append(cycle[0].register(lambda: cycle))
def work():
    while True:
        try: event.fire()
        except (_native.HandleError, RecursionError): pass
threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""
    done = subprocess.run([sys.executable, *options, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert "panick" not in done.stderr
    assert "Fatal" not in done.stderr
