"""What the guard costs: `python benchmarks/guard_cost.py [--rounds 7]`. It needs cargo.

Two questions, each answered as ratios within one run: a handle check beside slotmap's (benches/handle_check.rs of
deadhand-guard), and a read of the core's store from Python with the debug guards compiled in against the same build
without them; the two builds take turns. Writes benchmarks/results/guard_cost.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
RESULTS = Path(__file__).parent / "results" / "guard_cost.json"
PAIRS = {
    "alone: get_mut to slotmap's get": ("alone_guard_get_mut", "alone_slotmap_get"),
    "alone: check to slotmap's contains_key": ("alone_guard_check", "alone_slotmap_contains"),
    "behind the same lock: get_mut to slotmap's get": ("locked_guard_get_mut", "locked_slotmap_get"),
    "shared, without a lock: pin to Mutex<SlotMap>": ("lock_free_shared_pin", "locked_slotmap_get"),
}
_UNITS = {"ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9}
_ROW = re.compile(r"[├╰]─ (\w+)\s+([\d.]+) (ns|µs|ms|s)\s+│ ([\d.]+) (?:ns|µs|ms|s)\s+│ ([\d.]+) (ns|µs|ms|s)")
_CHILD = """
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("deadhand._native", sys.argv[1])
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
assert native.build_info()["checked"] is (sys.argv[2] == "on")
store = native.Store.in_memory()
with store.write() as writer:
    for number in range(1000):
        writer.put(b"%04d" % number, b"x" * 100)
keys = [b"%04d" % (number * 37 % 1000) for number in range(1000)]
with store.read() as reader:
    get, best = reader.get, 1e9
    for _ in range(30):
        began = time.process_time()
        for key in keys:
            get(key)
        best = min(best, time.process_time() - began)
store.close()
print(best / len(keys) * 1e9)
"""


def handle_check(features: list[str]) -> dict[str, float]:
    """Median nanoseconds of each bench for 1000 handles."""
    done = subprocess.run(["cargo", "bench", "--locked", "-p", "deadhand-guard", "--bench", "handle_check", *features], cwd=NATIVE, capture_output=True, text=True, check=True)
    return {name: float(median) * _UNITS[unit] for name, _, _, _, median, unit in _ROW.findall(done.stdout)}


def build(folder: Path, name: str, features: list[str]) -> Path:
    """The extension module with or without the debug guards."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", NATIVE / "target"))
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "deadhand-bridge", *features], cwd=NATIVE, env=environment, check=True, capture_output=True)
    made = folder / name / "_native.abi3.so"
    made.parent.mkdir()
    shutil.copy(target / "release" / "lib_native.so", made)
    return made


def read(module: Path, guards: str) -> float:
    """Nanoseconds of CPU for one read of the store from Python, the best of many loops in a fresh process."""
    done = subprocess.run([sys.executable, "-c", _CHILD, str(module), guards], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Measure, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    ratios = {}
    for guards, features in (("on", []), ("off", ["--no-default-features"])):
        took = handle_check(features)
        for name, (ours, theirs) in PAIRS.items():
            ratios.setdefault(name, {})[guards] = round(took[ours] / took[theirs], 2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = {guards: build(folder, guards, features) for guards, features in (("on", []), ("off", ["--no-default-features"]))}
        rounds = [{guards: read(module, guards) for guards, module in built.items()} for _ in range(options.rounds)]
    result = {
        "title": "What the guard costs",
        "python": platform.python_version(),
        "rounds": options.rounds,
        "handle check": [{"ratio": name, "guards on": found["on"], "guards off": found["off"]} for name, found in ratios.items()],
        "store read from Python": [
            {
                "nanoseconds, guards on": round(statistics.median(each["on"] for each in rounds)),
                "nanoseconds, guards off": round(statistics.median(each["off"] for each in rounds)),
                "ratio": round(statistics.median(each["on"] / each["off"] for each in rounds), 2),
            }
        ],
    }
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
