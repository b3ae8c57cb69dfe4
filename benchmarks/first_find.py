"""Programs to the first find of real, public bugs, over seeds: `python benchmarks/first_find.py [--seeds 10] [--seconds 20]`.

Each row is hunted alone, as `deadhand hunt` would, until it is found or its share of the default budget is over. Writes
benchmarks/results/first_find.json and prints the table.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis

from deadhand.search.pursuit import Pursuit
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker.evidence import MODES, available

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.search.events import Found

RESULTS = Path(__file__).parent / "results" / "first_find.json"

ROWS: list[tuple[str, str, Callable[[Found], bool]]] = [
    ("sqlite3: connection closed inside a callback", "strategies/sqlite3.py", lambda f: f.symptom.startswith("SIG") and "callback{close connection" in f.signature),
    ("sqlite3: callback that holds its connection leaks", "strategies/sqlite3.py", lambda f: f.mad == "MAD-06"),
    ("bytearray: re-entrancy crash", "strategies/bytearray_memoryview.py", lambda f: f.symptom.startswith("SIG") and f.mad in ("MAD-14", "MAD-15")),
    ("mmap: re-entrancy crash", "strategies/mmap.py", lambda f: f.symptom.startswith("SIG") and f.mad in ("MAD-14", "MAD-15")),
    ("shared_memory + numpy: array used after close", "strategies/shared_memory_numpy.py", lambda f: f.mad == "MAD-11" and "orphan" in f.signature),
    ("lmdb: view used after its transaction or environment", "strategies/lmdb.py", lambda f: f.mad in ("MAD-05", "MAD-11")),
    ("ctypes: dead callback answers wrongly", "strategies/ctypes_callbacks.py", lambda f: f.mad == "MAD-13" and f.oracle == "observation"),
]


def first_find(plan: str, wanted: Callable[[Found], bool], seed: int, seconds: float) -> tuple[Found | None, float]:
    """The find that was wanted and the seconds it took; None when the time was over."""
    modes = [mode for mode in MODES if not available(mode)]
    began = time.monotonic()
    pursuit = Pursuit(load(plan)[0], settings=Settings(), modes=modes, number=seed, corpus=None, jobs=2, include_unsafe=False, emit=lambda _: None, enough=wanted)
    try:
        pursuit.run(time.monotonic() + seconds, None)
        return next((each for each in pursuit.found.values() if wanted(each)), None), time.monotonic() - began
    finally:
        pursuit.close()


def main() -> None:
    """Measure every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0, help="wall-clock seconds a row may take with one seed")
    parser.add_argument("--rows", default="", help="only rows whose name holds this text")
    options = parser.parse_args()
    hypothesis.settings.register_profile("first-find", database=None)  # nothing remembered from an earlier run
    hypothesis.settings.load_profile("first-find")
    rows = []
    for name, plan, wanted in ROWS:
        if options.rows not in name:
            continue
        got = [first_find(plan, wanted, seed, options.seconds) for seed in range(1, options.seeds + 1)]
        found = [(each.programs_to_first, each.steps, seconds) for each, seconds in got if each is not None]
        rows.append(
            {
                "bug": name,
                "plan": plan,
                "found": len(found),
                "seeds": options.seeds,
                "programs_median": round(statistics.median(each[0] for each in found)) if found else None,
                "programs_max": max((each[0] for each in found), default=None),
                "steps_median": round(statistics.median(each[1] for each in found)) if found else None,
                "steps_max": max((each[1] for each in found), default=None),
                "seconds_median": round(statistics.median(each[2] for each in found), 1) if found else None,
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    if not options.rows:
        RESULTS.write_text(json.dumps({"python": platform.python_version(), "seconds_per_row": options.seconds, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
