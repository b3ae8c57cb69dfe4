"""No panic ever reaches Python, whatever is passed to whatever there is: every method of every class is tried."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Runs in a child, which a panic at the wrong place would take along. Bounded: each callable is called with every hostile
# value alone, with every pair of the first few, with a
# seeded choice of longer lists, and with every hostile value for each keyword.
CHILD = r'''
import array, gc, inspect, itertools, os, random, sys, warnings
from deadhand import _native

warnings.simplefilter("ignore")
sys.unraisablehook = lambda info: judge(info.exc_value, "unraisable")
RANDOM, LONGER = random.Random(1), 60
seen = {"calls": 0, "raised": 0}
NOT_HERE = {
    "provoke_panic": "it is there to panic, and has tests of its own",
    "set_parent_death_signal": "the signal may come",
    "Scheduler": "it would change how this process waits; wrong arguments are in tests/native/test_schedule.py",
    "Region": "it waits for threads that never come",
    "PageGuard": "it would change how this process allocates; wrong arguments are in tests/native",
}


class Bad:
    def fail(self, *_, **__):
        raise ZeroDivisionError
    __index__ = __len__ = __iter__ = __fspath__ = __hash__ = __eq__ = __call__ = __str__ = __repr__ = __bytes__ = __float__ = __bool__ = __getattr__ = fail


class Liar(bytes):
    def __len__(self):
        return -1


class Text(str):
    def __str__(self):
        raise ZeroDivisionError


VALUES = [
    None, True, -1, 0, 1, 7, 2**31, 2**63, 2**64 - 1, 2**64, -(2**70), 2**4000, 0.5, float("nan"), float("inf"), "", "a\0b", "\udc80",
    "no/folder/x", Text("x"), b"", b"\0", b"12345678", Liar(b"x"), bytearray(b"12345678"), memoryview(bytearray(8))[::2], array.array("d", [1]), (), [1], {},
    Bad, Bad(), lambda *_: Bad(), lambda *_: b"bytes", len, _native, object(), slice(3), 1j, range(3), ValueError, iter(()),
]


def judge(error, what):
    if error is None or isinstance(error, Exception):
        return
    if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
        return
    print("PANIC", what, type(error).__name__, error)


def attempt(call, what, arguments, keywords):
    seen["calls"] += 1
    try:
        answer = call(*arguments, **keywords)
    except BaseException as error:
        seen["raised"] += 1
        judge(error, what)
        return
    try:
        repr(answer), bool(answer), hash(answer)
        close = getattr(answer, "close", None)
        if close and type(answer) is not type(_native):
            close()
    except BaseException as error:
        judge(error, what)


def objects():
    """One of each class, all alive; and what would wait for ever has nobody to wait for."""
    store = _native.Store.in_memory()
    reader, writer = store.read(), store.write()
    buffer, event, pool = _native.Buffer.of(b"0123456789"), _native.Event(), _native.Pool.create(1)
    producer, gone = _native.channel(2)
    left, consumer = _native.channel(2)
    gone.close(), left.close()
    interface = _native.Interface(slots=9)
    interface.length(interface.allocate(8) ^ 1)
    runtime = _native.Runtime()
    task = runtime.spawn(int)
    task.wait(60)
    return [
        store, reader, writer, writer.deleter(b""), buffer, buffer.slice(2, 4), buffer.span(2, 4), pool, event, event.register(lambda *_: Bad()),
        producer, consumer, _native.Text.of("text"), interface, _native.last_error(), _native.Journal.create(4096), runtime, task,
    ]


def lists():
    yield ()
    for value in VALUES:
        yield (value,)
    yield from itertools.product(VALUES[:10], repeat=2)
    for _ in range(LONGER):
        yield tuple(RANDOM.choice(VALUES) for _ in range(RANDOM.randint(2, 4)))


def named(call):
    """Arguments with a keyword each, hostile or not, for calls that have keywords."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return
    needed = sum(each.kind is not each.KEYWORD_ONLY and each.default is each.empty for each in parameters)
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY:
            for value in VALUES:
                yield tuple(RANDOM.choice(VALUES) for _ in range(needed)), {each.name: value}


def members(each):
    for name in dir(type(each)):
        if name in NOT_HERE or name in {"__class__", "__init_subclass__", "__subclasshook__", "__new__", "__getattribute__", "__reduce__", "__reduce_ex__", "__sizeof__", "__dir__"}:
            continue
        yield name


def main():
    classes = {kind for kind in vars(_native).values() if isinstance(kind, type) and not issubclass(kind, BaseException)}
    first = objects()
    missing = {kind.__name__ for kind in classes} - {type(each).__name__ for each in first} - set(NOT_HERE)
    if missing:
        print("MISSING", sorted(missing))
    for each in first:
        for state in ("open", "struck", "closed"):
            for name in members(each):
                for arguments, keywords in itertools.chain(((each, {}) for each in lists()), named(getattr(type(each), name))):
                    # Fresh ones, as most of these calls would end them.
                    it = fresh(type(each), state)
                    try:
                        member = getattr(it, name)
                    except BaseException as error:
                        judge(error, name)
                        break
                    if not callable(member):
                        break
                    attempt(member, f"{state} {type(each).__name__}.{name}{arguments!r:.80}" if Bad not in map(type, arguments) else name, arguments, keywords)
    for name in dir(_native):
        thing = getattr(_native, name)
        if name not in NOT_HERE and callable(thing):
            for arguments, keywords in itertools.chain(((each, {}) for each in lists()), named(thing)):
                attempt(thing, name, arguments, keywords)
    first.clear(), POOL.clear()
    gc.collect()
    print("DONE", seen["calls"], seen["raised"])


POOL = {}


def fresh(kind, state):
    """An object of the kind that is open, was struck by a panic, or is closed; made anew when a call has ended it."""
    found = POOL.get((kind, state))
    if found is None or (state != "closed" and getattr(found, "closed", False)):
        made = objects()
        found = next(each for each in made if type(each) is kind)
        KEEP[kind, state] = made
        try:
            if state == "struck" and hasattr(found, "provoke_panic"):
                found.provoke_panic()
        except _native.NativePanic:
            pass
        if state == "closed" and hasattr(found, "close"):
            for each in reversed(made):
                if each is found or type(each).__name__ in {"Span", "Slice"}:
                    each.close()
        POOL[kind, state] = found
    return found


KEEP = {}
main()
'''


def test_no_panic_reaches_python(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-X", "faulthandler", "-c", CHILD], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    assert result.returncode == 0, f"the child has died of it:\n{result.stderr[-2000:]}"
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith(("PANIC", "MISSING"))] == []
    done, calls, raised = lines[-1].split()
    assert done == "DONE"
    assert int(calls) > 100_000
    assert int(raised) > int(calls) // 3, "hardly anything is refused: are these values still hostile?"
    assert "panicked at" not in result.stderr
