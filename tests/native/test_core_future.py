"""The tasks of deadhand-core as Python sees them: results, waiting, every error and its message, and the ends."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from deadhand import _native
from deadhand._native import Runtime, Task, core_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

NOTHING = {"runtime": 0, "task": 0}
HANDLE = r"\d+v\d+@\d+"
DEADLINE_SECONDS = 10
SHORT_SECONDS = 0.05
LONG_SECONDS = 60
ENDLESS = 2**32 - 1


def alive() -> dict[str, int]:
    return {kind: core_ledger()[kind] for kind in NOTHING}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    assert_settles()
    yield
    assert_settles()


def assert_settles() -> None:
    """Nothing is left, once native threads have let go of what they had in hand."""
    gc.collect()
    deadline = time.monotonic() + 30
    while alive() != NOTHING and time.monotonic() < deadline:
        time.sleep(0.001)
    assert alive() == NOTHING


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(2) as runtime:
        yield runtime


class Item:
    """What can be referenced weakly."""

    held: object = None


class Held:
    """A call that holds its thread of the runtime until it is let go."""

    def __init__(self, runtime: Runtime) -> None:
        self.begun, self.over = threading.Event(), threading.Event()
        self.task = runtime.spawn(self.run)
        assert self.begun.wait(DEADLINE_SECONDS)

    def run(self) -> str:
        self.begun.set()
        assert self.over.wait(DEADLINE_SECONDS)
        return "late"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.over.set()
        self.task.close()


def soon(condition: Callable[[], Any]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it does not come true")


# --- results ---------------------------------------------------------------------------------------------------------


def test_results_are_there_for_everyone(runtime: Runtime) -> None:
    item = Item()
    with runtime.sleep(0.001, item) as slept, runtime.spawn(divmod, 7, 2) as called, runtime.count_primes(1000) as counted:
        for _ in range(2):
            assert (slept.wait(), called.wait(DEADLINE_SECONDS), counted.wait()) == (item, (3, 1), 168)
            assert (slept.result(), called.result(), counted.result()) == (item, (3, 1), 168)
        assert {each.state for each in (slept, called, counted)} == {"done"}
        assert len({each.handle for each in (slept, called, counted, runtime)}) == 4
        assert alive() == {"runtime": 1, "task": 3}
    assert runtime.sleep(0).wait() is None


def test_call_is_made_on_a_thread_of_the_runtime(runtime: Runtime) -> None:
    assert runtime.spawn(threading.get_ident).wait() != threading.get_ident()


def test_exception_of_the_call_is_raised_each_time_as_it_was(runtime: Runtime) -> None:
    def fails() -> None:
        raise KeyError("mine")

    task = runtime.spawn(fails)
    errors = []
    for _ in range(3):
        with pytest.raises(KeyError, match="mine") as caught:
            task.wait()
        errors.append((caught.value, len(traceback.extract_tb(caught.value.__traceback__))))
    assert errors == [errors[0]] * 3
    assert "fails" in "".join(traceback.format_exception(errors[0][0]))
    assert task.state == "raised"
    assert not task.cancel()


def test_states_and_how_they_are_shown(runtime: Runtime) -> None:
    task = runtime.sleep(LONG_SECONDS)
    assert (task.state, task.closed) == ("pending", False)
    assert repr(task).startswith("<Task ")
    assert repr(task).endswith(": pending>")
    assert repr(runtime).endswith(": open>")
    assert runtime.running() == 1
    assert task.cancel()
    assert task.cancel()
    assert task.state == "cancelled"
    soon(lambda: runtime.running() == 0)
    task.close()
    task.close()
    assert task.closed
    assert repr(task).endswith(": closed>")


def test_native_work_can_be_cancelled(runtime: Runtime) -> None:
    with runtime.count_primes(ENDLESS) as task:
        assert runtime.running() == 1
        assert task.cancel()
        soon(lambda: runtime.running() == 0)


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_wait_lets_others_run_and_time_runs_out(runtime: Runtime) -> None:
    with Held(runtime) as held:
        with pytest.raises(TimeoutError, match=r"^the task was not done after the time that was given: wait longer, or cancel it$"):
            held.task.wait(SHORT_SECONDS)
        with pytest.raises(_native.TaskPending, match=r"^the task is not done: wait for it$"):
            held.task.result()
        threading.Timer(SHORT_SECONDS, held.over.set).start()
        assert held.task.wait(DEADLINE_SECONDS) == "late"


@pytest.mark.parametrize("end", ["cancel", "close", "runtime"])
def test_an_end_wakes_who_waits(runtime: Runtime, end: str) -> None:
    other = Runtime()
    task = other.sleep(LONG_SECONDS)
    errors: list[Exception] = []

    def wait() -> None:
        try:
            task.wait()
        except _native.HandleError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(SHORT_SECONDS)
    assert thread.is_alive()
    if end == "runtime":
        assert other.close() == {"told": 1, "still_running": 0}
    else:
        getattr(task, end)()
    thread.join(DEADLINE_SECONDS)
    kinds = {"cancel": _native.TaskCancelled, "close": _native.StaleHandle, "runtime": _native.ClosedHandle}
    assert [type(each) for each in errors] == [kinds[end]]
    other.close()


def test_ctrl_c_ends_the_wait(runtime: Runtime) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born ignoring it
    timer = threading.Timer(SHORT_SECONDS, _thread.interrupt_main)
    timer.start()
    try:
        with runtime.sleep(LONG_SECONDS) as task, pytest.raises(KeyboardInterrupt):
            task.wait(DEADLINE_SECONDS)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)


def test_thread_of_a_runtime_waits_for_no_task(runtime: Runtime) -> None:
    text = r"^this thread runs tasks, and waiting on it could wait for ever: wait on another thread$"
    with runtime.sleep(LONG_SECONDS) as late, runtime.sleep(0, "done") as done:
        done.wait()
        assert runtime.spawn(done.wait).wait() == "done"
        with pytest.raises(_native.WouldDeadlock, match=text):
            runtime.spawn(late.wait).wait()

        async def main() -> None:
            await late

        with pytest.raises(_native.WouldDeadlock, match=text):
            runtime.spawn(lambda: asyncio.run(main())).wait()


def test_close_tells_what_is_pending_and_what_still_runs() -> None:
    runtime = Runtime(workers=1)
    held = Held(runtime)
    queued = runtime.spawn(len, "never")
    assert runtime.close(timeout=0) == {"told": 2, "still_running": 2}
    assert runtime.close() == {"told": 0, "still_running": 0}
    assert runtime.closed
    for task in (held.task, queued):
        assert task.state == "stopped"
        with pytest.raises(_native.ClosedHandle, match=r"^the runtime of the task was closed before it was done: close it after its tasks$"):
            task.wait()
    held.over.set()


def test_runtime_may_be_closed_by_its_own_task() -> None:
    runtime = Runtime()
    task = runtime.spawn(runtime.close)
    with pytest.raises(_native.ClosedHandle):
        task.wait()
    assert runtime.closed


def test_threads_spawn_wait_and_collect(runtime: Runtime) -> None:
    """Four threads at one runtime, each with a loop: nothing is lost, and nothing is left."""
    answers: list[int] = []

    async def work(number: int) -> None:
        for each in range(50):
            tasks = [runtime.spawn(lambda number=number: [number]), runtime.sleep(0.0001, [number])]
            answers.append(sum((await asyncio.gather(*tasks) + [tasks[0].wait()])[2]))
            if each % 10 == 0:
                gc.collect()

    threads = [threading.Thread(target=lambda number=number: asyncio.run(work(number))) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(list(range(4)) * 50)


# --- errors ----------------------------------------------------------------------------------------------------------


def test_gone_says_what_to_do(runtime: Runtime) -> None:
    task = runtime.sleep(0)
    other = Runtime()
    task.close()
    other.close()
    calls: list[Callable[[], object]] = [task.wait, task.result, task.cancel, lambda: task.state, task.provoke_panic]
    calls += [other.running, other.panic, lambda: other.spawn(len), lambda: other.sleep(0), lambda: other.count_primes(1), other.provoke_panic]
    for call in calls:
        with pytest.raises(_native.StaleHandle, match=rf"^\w+ {HANDLE} is stale: .*; drop the handle and create a new \w+$"):
            call()


def test_cancelled_says_what_to_do(runtime: Runtime) -> None:
    with runtime.sleep(LONG_SECONDS) as task:
        task.cancel()
        for call in (task.wait, task.result):
            with pytest.raises(_native.TaskCancelled, match=r"^the task was cancelled: start it again if its result is still wanted$"):
                call()


def test_panic_of_a_task_is_its_own(runtime: Runtime) -> None:
    with runtime.panic() as struck, runtime.sleep(SHORT_SECONDS, 1) as other:
        with pytest.raises(_native.NativePanic, match=r"^the task panicked at .*work\.rs:\d+:\d+: provoked by a task; nothing else is affected$") as caught:
            struck.wait()
        assert "work.rs" in caught.value.location
        assert "deadhand" in caught.value.backtrace
        assert struck.state == "panicked"
        assert other.wait() == 1


def test_panic_of_a_call_fences_one_handle_off(runtime: Runtime) -> None:
    other = Runtime()
    task, spared = other.sleep(LONG_SECONDS), other.sleep(SHORT_SECONDS, 1)
    struck: list[Runtime | Task[Any]] = [other, task]
    for each in struck:
        with pytest.raises(_native.NativePanic, match=r"provoked by provoke_panic\(\); close the object"):
            each.provoke_panic()
        assert not each.closed
    for call in (other.running, other.panic, task.wait, task.cancel):
        with pytest.raises(_native.FencedHandle, match=r"fenced off since a call on it panicked: dispose of it and create a new"):
            call()
    assert repr(task).endswith(": fenced off>")
    assert spared.wait() == 1, "the tasks of the runtime go on"
    task.close()
    other.close()
    assert runtime.spawn(len, "ab").wait() == 2


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda _: Runtime(0), ValueError, r"^a runtime cannot have 0 threads: ask for 1 to 8$"),
        (lambda _: Runtime(9), ValueError, r"^a runtime cannot have 9 threads: ask for 1 to 8$"),
        (lambda _: Runtime(-1), ValueError, r"^workers is out of range: pass how many threads, 1 to 8$"),
        (lambda _: Runtime("1"), TypeError, r"^workers must be an int, not str: pass how many threads, 1 to 8$"),  # type: ignore[arg-type]
        (lambda runtime: runtime.spawn(7), TypeError, r"^function must be callable, not int: pass a function or a method$"),
        (lambda runtime: runtime.sleep(-1), ValueError, r"^time is out of range: pass seconds, 0 or more$"),
        (lambda runtime: runtime.sleep(float("nan")), ValueError, r"^time is out of range: pass seconds, 0 or more$"),
        (lambda runtime: runtime.count_primes(2**32), ValueError, r"^limit is out of range: pass 0 to 4294967295$"),
        (lambda runtime: runtime.close(-1), ValueError, r"^timeout is out of range: pass seconds, 0 or more$"),
        (lambda runtime: runtime.sleep(0).wait(-1), ValueError, r"^timeout is out of range: pass seconds, 0 or more, or None"),
    ],
)
def test_wrong_arguments(runtime: Runtime, call: Callable[[Runtime], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(runtime)
    assert not runtime.closed


def test_only_a_runtime_makes_tasks() -> None:
    for make in (Task, lambda: Task.__new__(Task), lambda: type("Sub", (Task,), {})):
        with pytest.raises(TypeError):
            make()
    for name in ("TaskPending", "TaskCancelled", "WouldDeadlock", "ForkedRuntime"):
        assert issubclass(getattr(_native, name), _native.HandleError)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="2026-11-27: nothing to test where no process forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_is_told_that_the_threads_stayed_behind(runtime: Runtime) -> None:
    pending, done = runtime.sleep(LONG_SECONDS), runtime.sleep(0, "done")
    done.wait()
    soon(lambda: runtime.running() == 1)  # a lock that is held at the fork stays locked in the child
    child = os.fork()
    if child == 0:
        failures = 1
        try:
            text = r"^the threads of the runtime are in the parent process: make a new runtime after the fork$"

            async def main() -> None:
                await pending

            for call in (lambda: runtime.sleep(0), pending.wait, lambda: asyncio.run(main())):
                with pytest.raises(_native.ForkedRuntime, match=text):
                    call()
            assert done.wait() == "done"
            assert runtime.close() == {"told": 1, "still_running": 1}
            with Runtime() as own:
                assert own.spawn(len, "ab").wait(DEADLINE_SECONDS) == 2
            failures = 0
        finally:
            os._exit(failures)
    assert os.waitpid(child, 0)[1] == 0
    assert pending.state == "pending"
    pending.close()


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["queued", "slept", "returned", "raised"])
def test_task_that_is_held_by_what_it_holds_is_collected(runtime: Runtime, kind: str) -> None:
    def tie() -> weakref.ref[Item]:
        item = Item()

        def call(given: Item) -> Item:
            if kind == "raised":
                raise KeyError(given)
            return given

        item.held = task = runtime.sleep(LONG_SECONDS, item) if kind == "slept" else runtime.spawn(call, item)
        if kind in ("returned", "raised"):
            with contextlib.suppress(KeyError):
                task.wait()
        return weakref.ref(item)

    held = [Held(runtime), Held(runtime)] if kind == "queued" else []
    gc.disable()
    try:
        reference = tie()
        assert reference() is not None
        expected = pytest.warns(ResourceWarning, match="unclosed task") if kind in ("queued", "slept") else contextlib.nullcontext()
        with expected:
            gc.collect()
        gc.collect()
        assert reference() is None
    finally:
        gc.enable()
        for each in held:
            each.over.set()


@pytest.mark.parametrize("end", ["cancel", "close", "runtime"])
def test_call_that_is_never_made_is_let_go_of(end: str) -> None:
    runtime = Runtime(1)
    held = Held(runtime)
    item = Item()
    reference = weakref.ref(item)
    task = runtime.spawn(lambda _: None, item)
    del item
    assert reference() is not None
    {"cancel": task.cancel, "close": task.close, "runtime": lambda: runtime.close(0)}[end]()
    assert reference() is None
    held.over.set()
    runtime.close()


def test_late_result_is_let_go_of(runtime: Runtime) -> None:
    begun, over = threading.Event(), threading.Event()
    references: list[weakref.ref[Item]] = []

    def make() -> Item:
        begun.set()
        assert over.wait(DEADLINE_SECONDS)
        item = Item()
        references.append(weakref.ref(item))
        return item

    task = runtime.spawn(make)
    assert begun.wait(DEADLINE_SECONDS)
    task.cancel()
    over.set()
    soon(lambda: references and references[0]() is None)
    assert task.state == "cancelled"


def test_undisposed_drop_warns_if_something_is_left(runtime: Runtime, recwarn: pytest.WarningsRecorder) -> None:
    runtime.sleep(0).wait()
    assert not recwarn.list
    with pytest.warns(ResourceWarning, match=rf"^unclosed task {HANDLE}: close it, or use it in a with statement$"):
        runtime.sleep(LONG_SECONDS)
    other = Runtime()
    task = other.sleep(LONG_SECONDS)
    with pytest.warns(ResourceWarning, match=rf"^unclosed runtime {HANDLE}: close it, or use it in a with statement$"):
        del other
    assert task.state == "stopped"


@pytest.mark.parametrize("options", [(), ("-X", "dev"), ("-W", "error")])
def test_interpreter_may_leave_with_everything_open(options: tuple[str, ...]) -> None:
    code = f"""
import asyncio, atexit, threading, time
def last():
    try: runtime.spawn(len, "").wait(5)
    except _native.ClosedHandle as error: print(error)
atexit.register(last)  # so it runs after the core's own
from deadhand import _native
runtime = _native.Runtime(4)
class Late:
    def __del__(self): runtime.sleep(1)
def again():
    time.sleep(0.001)
    try: held.append(runtime.spawn(again))
    except _native.HandleError: pass
held = [runtime.sleep({LONG_SECONDS}, Late()), runtime.count_primes({ENDLESS}), runtime.spawn(again), Late()]
held.append(runtime.sleep({LONG_SECONDS}, held))
threading.Thread(target=held[0].wait, daemon=True).start()
async def main(): await held[0]
threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
loop = asyncio.new_event_loop()
waits = asyncio.ensure_future(held[0], loop=loop)
loop.run_until_complete(asyncio.wait([waits], timeout=0.05))
"""
    done = subprocess.run([sys.executable, *options, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "no task calls Python while the interpreter ends: wait for it before\n"
    assert "panick" not in done.stderr
    assert "Fatal" not in done.stderr
