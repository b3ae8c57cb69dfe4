"""One process of benchmarks/evidence.py: shows one bug, or measures one workload; under the page guard when told so."""

from __future__ import annotations

import faulthandler
import gc
import os
import sqlite3
import sys
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

KINDS = ("read", "write", "free", "one_call", "reused_read", "reused_write", "reused_free", "copy", "system_call", "resized", "other_thread", "churned")
ITEMS = ("text", "instance", "instance_reused", "float", "float_collected", "list", "list_collected")
_TIMES = 40


class Plain:
    """An object like any other."""


FRESH = {"text": lambda: "x" * 100_000 + str(id(gc)), "instance": Plain, "float": lambda: float("1.5") * 3, "list": lambda: [None] * 3}


def show_block(name: str, kind: str) -> None:
    """Make, release, use."""
    from shelf import load

    library = load(name, "bug")
    made = (library.Block if name == "blocks" else library.Slab)(kind)
    made.release()
    try:
        made.use()
    except OSError as error:
        if error.errno != 14:
            raise
        print("EFAULT", flush=True)


def show_item(name: str, kind: str) -> None:
    """Keep the item of a list, clear the list, ask."""
    from shelf import load

    items = [FRESH[kind.partition("_")[0]]()]
    keeper = load(name, "bug").Keeper(items)
    items.clear()
    if kind.endswith("_collected"):
        gc.collect()
    others = [Plain() for _ in range(64)] if kind.endswith("_reused") else []
    keeper.kind_of()
    del others


def fifty_statements() -> None:
    """A program as a hunt writes them, on SQLite."""
    connection = sqlite3.connect(":memory:")
    connection.create_function("double", 1, lambda value: value * 2)
    connection.execute("create table numbers (value integer, text text)")
    for at in range(24):
        connection.execute("insert into numbers values (?, ?)", (at, "x" * at))
        connection.execute("select double(value), text from numbers where value < ?", (at,)).fetchall()
    connection.close()


@cache
def small_extension() -> ModuleType:
    """The specimen that does nothing wrong."""
    from shelf import load

    return load("blocks", "fixed")


def fifty_blocks() -> None:
    """The same on a small extension."""
    library = small_extension()
    for _ in range(16):
        made = library.Block("read")
        made.use()
        made.release()


WORKLOADS = {"sqlite3": fifty_statements, "small extension": fifty_blocks}


def arm() -> object:
    """Arm the page guard as a hunt does, and return the journal it writes to."""
    from deadhand import _native

    journal = _native.Journal.create(1 << 20)
    guard = _native.PageGuard.reserve(journal)
    guard.patch()
    guard.guard_objects()
    guard.next_program()
    guard.arm()
    gc.collect()
    guard.begin(1, 0)
    return journal


def arming() -> float:
    """Milliseconds that a child spends on arming: all else is done in its zygote."""
    from deadhand import _native

    guard = _native.PageGuard.reserve(_native.Journal.create(1 << 20))
    guard.patch()
    guard.guard_objects()
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    guard.arm()
    gc.collect()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    arguments = sys.argv[1:]
    guarded = arguments[:1] == ["--guard"]
    what, *rest = arguments[guarded:]
    faulthandler.enable()
    if what == "arm":
        print(arming())
        return
    if what == "cost":
        work = WORKLOADS[rest[0]]
        for _ in range(3):
            work()
        if guarded:
            arm()
        began = time.process_time()
        for _ in range(_TIMES):
            work()
        print(time.process_time() - began)
        return
    name, kind = rest
    journal = arm() if guarded else None
    print("begun", flush=True)
    (show_block if name in ("blocks", "slabs") else show_item)(name, kind)
    if journal is not None and journal.used:
        print("guard saw", flush=True)
    print("ended", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
