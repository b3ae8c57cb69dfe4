"""What other tools make of the specimens whose windows have no width: run by `benchmarks/schedules.py --peers PYTHON`, once per attempt.

`PYTHON schedules_peers.py FOLDER SPECIMEN TOOL RUNS SEED` with frontrun and interleave-test installed in PYTHON, and the specimens built for
it in FOLDER. Prints one JSON line: what the tool said. That the process dies or does not come back is for the caller to see.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = {
    "cursor": ("Cursor", "fetch", "close"),
    "frame": ("Frame", "sum", "close"),
    "page": ("Page", "read", "close"),
    "registry": ("Entry", "read", "remove"),
    "scanner": ("Scanner", "scan", "close"),
    "tunnel": ("Tunnel", "close", "close"),
    "meter": ("Meter", "refresh", "read"),
    "gauge": ("Gauge", "poll", "level"),
    "catalog": ("Catalog", "each", "add"),
    "outbox": ("Outbox", "send", "flush"),
}
"""The class, and the two methods that must meet."""

ARGUMENTS = {"Page": (1,), "Entry": (1,), "Scanner": (1,)}
GIVEN = {"add": (7,)}


WRONG: list[object] = []
"""Answers that are not those of the handle they were asked of."""


def call(handle: object, method: str) -> None:
    """One step: an ordinary exception is a fine answer."""
    try:
        answer = getattr(handle, method)(*GIVEN.get(method, ()))
    except ValueError:
        return
    if method == "read" and type(handle).__name__ in ARGUMENTS and answer != 1:
        WRONG.append(answer)


def frontrun(make: Callable[[], object], first: Callable[[object], None], second: Callable[[object], None], runs: int, seed: int, strategy: str) -> tuple[str, int]:
    """What frontrun says, and how many interleavings it ran."""
    import frontrun as tool

    limits = {"max_executions": runs, "stop_on_first": True} if strategy == "dpor" else {"max_attempts": runs, "seed": seed}
    result = tool.explore(setup=make, workers=[first, second], invariant=lambda _: not WRONG, strategy=strategy, trace_packages=["spec_*"], **limits)
    said = {True: "holds", False: "found", None: "inconclusive"}[result.property_holds]
    return said, result.num_explored


def interleave(make: Callable[[], object], first: Callable[[object], None], second: Callable[[object], None], runs: int, seed: int, strategy: str) -> tuple[str, int]:
    """What interleave-test says, and how many schedules it ran."""
    import interleave_test as tool

    def model() -> None:
        handle = make()
        tasks = [tool.spawn(first, handle), tool.spawn(second, handle)]
        for task in tasks:
            task.join()
        assert not WRONG

    result = tool.explore(model, iterations=runs, seed=seed, strategy=strategy, raise_on_failure=False)
    said = "holds" if result.failure is None else f"found: {result.failure.kind}"
    return said + (", exhausted" if result.exhausted else ""), result.schedules_run


def at_once(handle: object, first: Callable[[object], None], second: Callable[[object], None]) -> None:
    """Two threads that start together, as a test by hand has them."""
    gate = threading.Barrier(2)

    def run(step: Callable[[object], None]) -> None:
        gate.wait()
        step(handle)

    threads = [threading.Thread(target=run, args=(step,), daemon=True) for step in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Make one attempt."""
    folder, specimen, tool, runs, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    sys.path.insert(0, folder)
    name, first, second = STEPS[specimen]
    module = getattr(importlib.import_module("spec_rust"), f"{specimen}_bug") if specimen in ("tunnel", "gauge") else importlib.import_module(f"spec_{specimen}_bug")
    kind = getattr(module, name)
    make = lambda: kind(*ARGUMENTS.get(name, ()))  # noqa: E731
    one, two = (lambda handle: call(handle, first)), (lambda handle: call(handle, second))
    began = time.monotonic()
    if tool == "free":
        for _ in range(runs):
            at_once(make(), one, two)
        said, ran = ("found" if WRONG else "holds"), runs
    else:
        library, _, strategy = tool.partition(" ")
        said, ran = (frontrun if library == "frontrun" else interleave)(make, one, two, runs, seed, strategy)
    print(json.dumps({"said": said, "ran": ran, "seconds": round(time.monotonic() - began, 3)}), flush=True)


if __name__ == "__main__":
    main()
