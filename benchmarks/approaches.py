"""Four roads to one core: `python benchmarks/approaches.py [--rounds 9]`. Build them first: `python native/foreign/build.py`.

PyO3, cffi, ctypes and UniFFI do the same work in one process and take turns within each round, so that a noisy machine
does not favour one; medians over the rounds, of processor time where one thread does it all. Lines of code are counted in the files. A road that is not built is left
out by name. Writes benchmarks/results/approaches.json.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import gc
import importlib
import json
import platform
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from native.foreign import shelf  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

RESULTS = ROOT / "benchmarks" / "results" / "approaches.json"
ROADS = {"PyO3": "deadhand._native", "cffi": "core_cffi", "ctypes": "core_ctypes", "UniFFI": "core_uniffi"}
TEXT = "gr\u00fcn, \U0001f980, and so on"
KIB = 1024
CALLS = {
    # what is called, and how often in a row
    "bare call": ("bare", 20_000),
    "handle check and a number back": ("length", 20_000),
    "refused: the handle is gone": ("refused", 4_000),
    "string to native, kept and closed": ("text_in", 4_000),
    "string to Python": ("text_out", 10_000),
    "1 KiB to Python, native allocates": ("read", 10_000),
    "1 KiB to Python, Python allocates": ("read_into", 10_000),
    "1 KiB to native": ("write", 10_000),
    "callback: there, one Python call, and back": ("fire", 4_000),
}
ROUND_TRIPS = 200


class Road:
    """One way to the core, with an object of each kind that is needed."""

    def __init__(self, name: str, core: ModuleType) -> None:
        self.name, self.core = name, core
        self.buffer, self.gone = core.Buffer.of(bytes(range(256)) * 4), core.Buffer.zeros(1)
        self.gone.close()
        self.text, self.event = core.Text.of(TEXT), core.Event()
        self.registration = self.event.register(_answer)
        self.into, self.data = bytearray(KIB), bytes(KIB)
        # Where `handle` is kept in Python it is no call: then one that asks the library for its version.
        low = sys.modules.get(f"{core.__name__}._low")
        self.version = low._library.deadhand_version if low else None  # noqa: SLF001

    def call(self, what: str) -> Callable[[], object]:
        """What to time."""
        buffer, gone, text, into, data, core = self.buffer, self.gone, self.text, self.into, self.data, self.core

        def refused() -> None:
            try:
                gone.length  # noqa: B018
            except core.StaleHandle:
                return

        calls = {
            "bare": self.version or (lambda: buffer.handle),
            "length": lambda: buffer.length,
            "refused": refused,
            "text_in": lambda: core.Text.of(TEXT).close(),
            "text_out": lambda: str(text),
            "read": lambda: buffer.read(0, KIB),
            "read_into": lambda: buffer.read_into(into, 0),
            "write": lambda: buffer.write(data, 0),
            "fire": lambda: self.event.fire(1),
        }
        return calls[what]

    def close(self) -> None:
        """End everything."""
        for each in (self.registration, self.event, self.text, self.buffer):
            each.close()


def _answer(argument: object) -> object:
    return argument


def roads() -> tuple[list[Road], list[str]]:
    """Those that are built, and the names of those that are not."""
    found, missing = [], []
    for name, module in ROADS.items():
        try:
            core = importlib.import_module(module) if name == "PyO3" else shelf.load(module)
        except ModuleNotFoundError:  # noqa: PERF203
            missing.append(name)
        else:
            found.append(Road(name, core))
    return found, missing


def nanoseconds(call: Callable[[], object], times: int) -> float:
    """Of processor time for one call, among so many: what else the machine does is not in it."""
    turns = range(times)
    began = time.thread_time_ns()
    for _ in turns:
        call()
    return (time.thread_time_ns() - began) / times


def round_trip(core: ModuleType) -> Any:
    """A coroutine function that has a task of native awaited, so many times; None where there is none to await."""
    if hasattr(core, "Runtime"):

        async def trips() -> float:
            with core.Runtime(1) as runtime:
                began = time.perf_counter_ns()
                for _ in range(ROUND_TRIPS):
                    with runtime.sleep(0) as task:
                        await task
                return (time.perf_counter_ns() - began) / ROUND_TRIPS

        return trips
    generated = getattr(core, "generated", None)
    if hasattr(generated, "Runtime"):

        async def trips_generated() -> float:
            runtime = generated.Runtime.start(1)
            item = core.Box(None)
            began = time.perf_counter_ns()
            for _ in range(ROUND_TRIPS):
                task = runtime.delay(item, 0.0)
                await task.join()
                task.close()
            took = (time.perf_counter_ns() - began) / ROUND_TRIPS
            runtime.close(1.0)
            return took

        return trips_generated
    return None


def measure(found: list[Road], rounds: int) -> list[dict[str, Any]]:
    """Median nanoseconds of everything, a row each."""
    took: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds + 1):
        turn = found[number % len(found) :] + found[: number % len(found)]
        for title, (what, times) in CALLS.items():
            for road in turn:
                spent = nanoseconds(road.call(what), times)
                if number:  # the first one warms up
                    took.setdefault(title, {}).setdefault(road.name, []).append(spent)
        for road in turn:
            trips = round_trip(road.core)
            if trips is not None:
                spent = asyncio.run(trips())
                if number:
                    took.setdefault("async: spawn, await, close (elapsed time)", {}).setdefault(road.name, []).append(spent)
    rows = []
    for title, by_road in took.items():
        medians = {road.name: round(statistics.median(by_road[road.name])) if road.name in by_road else None for road in found}
        rows.append({"nanoseconds per call": title, **medians})
    return rows


def lines(found: list[Road]) -> list[dict[str, Any]]:
    """Lines of code behind each road, without comments, blank lines, docstrings and tests."""
    foreign = ROOT / "native" / "foreign"
    c, shared = foreign / "c" / "src", foreign / "python" / "surface"
    parts: dict[str, tuple[list[Path], list[Path], list[Path]]] = {
        "PyO3": ([ROOT / "native" / "bridge" / "src" / "core"], [], []),
        "cffi": ([c], [shared, foreign / "python" / "core_cffi.py"], []),
        "ctypes": ([c], [shared, foreign / "python" / "core_ctypes.py"], []),
        "UniFFI": ([foreign / "uniffi" / "src"], [foreign / "python" / "core_uniffi.py"], [shelf.DIRECTORY / "deadhand_core_uniffi.py"]),
    }
    return [
        {"lines of code": road.name, **{what: sum(map(_lines, places)) for what, places in zip(("Rust", "Python", "generated Python"), parts[road.name], strict=True)}}
        for road in found
    ]


def _lines(place: Path) -> int:
    if place.is_dir():
        return sum(_lines(path) for path in sorted(place.rglob("*")) if path.suffix in (".rs", ".py"))
    text = place.read_text(encoding="utf-8")
    if place.suffix == ".rs":
        code = text.split("#[cfg(test)]\nmod tests {")[0]
        return sum(bool(line.strip()) and not line.strip().startswith("//") for line in code.splitlines())
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            told |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(bool(line.strip()) and not line.strip().startswith("#") and number not in told for number, line in enumerate(text.splitlines(), 1))


def main() -> None:
    """Measure, count, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ResourceWarning)
    found, missing = roads()
    gc.disable()
    calls = measure(found, options.rounds)
    gc.enable()
    counted = lines(found)
    for road in found:
        road.close()
    result = {
        "title": "Cost and size",
        "note": "Medians of one run in which the roads took turns; processor time but for the last row." + (f" Not built: {', '.join(missing)}." if missing else ""),
        "python": platform.python_version(),
        "rounds": options.rounds,
        "calls": calls,
        "lines": counted,
    }
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
