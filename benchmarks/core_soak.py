"""The core under attack for long: `python benchmarks/core_soak.py [--programs 200000] [--minutes 10] [--seed 1]`.

`--only NAME ...` repeats the hunt and the soak of those plans, the hunt with its share of the programs, and keeps the other
rows of the last run.

Two parts. A hunt of every plan in strategies/core, the programs shared among them, all hazards, threads and exits
included: each program must leave every ledger at zero, and nothing may be found. Then the same plans' programs in
processes that never end, one for each plan side by side, where what is not given back adds up. Told are medians of the
second tenth of the soak (early) and of the last: of the bytes that malloc has given out and not got back, and of
resident memory, which also holds the gaps between them.

Writes benchmarks/results/core_soak.json. Exit status 1 when something was found or what is in use has grown.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "core_soak.json"
FLAT = 0.01
"""Growth of what is in use that is still called flat; a leak of 20 bytes per program would be 2% of 50 MiB in 50,000 programs."""


class Mallinfo(ctypes.Structure):
    """What glibc's mallinfo2 tells, in bytes."""

    _fields_ = [(name, ctypes.c_size_t) for name in ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]]


def plans() -> list[Path]:
    """Every plan of the core."""
    return sorted(path for path in (ROOT / "strategies" / "core").glob("*.py") if not path.name.startswith("_"))


def hunt(plan: Path, programs: int, seed: int) -> dict[str, Any]:
    """Hunt one plan by the command line, as a user would, and give its row."""
    command = ["hunt", str(plan.relative_to(ROOT)), "--programs", str(programs), "--seed", str(seed), "--time", "4h", "--no-save", "--format", "jsonl"]
    done = subprocess.run([sys.executable, "-m", "deadhand", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        sys.exit(f"deadhand {' '.join(command)} ended with {done.returncode}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    last = next(each for each in reversed(events) if each["event"] == "done")
    summary = events[-1]
    for event in events:
        if event["event"] == "finding":
            print(json.dumps(event["finding"]), file=sys.stderr)
    return {
        "plan": plan.stem,
        "programs": last["programs"],
        "hazards": len(last["hazards"]),
        "overlapping threads": last["hazards"].get("overlap", 0),
        "interpreter exits": last["hazards"].get("interpreter exit", 0),
        "findings": len(summary["findings"]),
        "unconfirmed": last["unconfirmed"],
        "seconds": round(last["seconds"]),
    }


def soak(plan: Path, seconds: float, seed: int) -> None:
    """In a process of its own: run programs until the time is over, and print one line for each sample."""
    from deadhand.model.program import replace
    from deadhand.search.generator import Generator
    from deadhand.target.loader import load
    from deadhand.worker.runtime import Runtime
    from deadhand.worker.workspace import Workspace

    target = load(str(plan))[0]
    generator = Generator(target, seed)
    lost = [0]

    def append(record: bytes) -> None:
        lost[0] += len(record)

    workspace = Workspace.create()
    _settle_interned_names()
    gc.collect()
    gc.freeze()  # as a zygote does: collections look at the program's objects only
    gc.disable()
    runtime = Runtime(target, append, workspace, "stock")
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    until, programs = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < until:
            for _ in range(50):
                program, _ = generator.program()
                runtime.run(replace(program, ending="collect"))
                programs += 1
            told = mallinfo()
            print(json.dumps([programs, told.uordblks + told.hblkhd, _resident()]), flush=True)
    finally:
        workspace.remove()


def _settle_interned_names() -> None:
    """Let the interpreter's table of interned names grow to the size at which it stays.

    A name that dies leaves a gap in it, and at some moment within hours the gaps make it double, once: half a MiB that is nobody's leak.
    """
    for number in range(100_000):
        sys.intern(f"a name that is soon gone {number}")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def soak_all(these: list[Path], minutes: float, seed: int) -> list[dict[str, Any]]:
    """These plans side by side; a row for each."""
    command = [sys.executable, "-X", "faulthandler", str(Path(__file__)), "--minutes", str(minutes), "--seed", str(seed), "--soak"]
    running = [(plan, subprocess.Popen([*command, str(plan)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)) for plan in these]
    rows = []
    for plan, process in running:
        lines = process.communicate()[0].splitlines()
        if process.returncode:
            sys.exit(f"the soak of {plan.name} ended with {process.returncode} after {lines[-1] if lines else 'nothing'}")
        samples = [json.loads(line) for line in lines]
        tenth = max(1, len(samples) // 10)
        early, late = samples[tenth : 2 * tenth], samples[len(samples) - tenth :]
        used, resident = ([statistics.median(sample[which] for sample in part) for part in (early, late)] for which in (1, 2))
        rows.append(
            {
                "plan": plan.stem,
                "programs": samples[-1][0],
                "MiB in use, early": round(used[0] / 2**20, 2),
                "late": round(used[1] / 2**20, 2),
                "growth": round(used[1] / used[0] - 1, 4),
                "MiB resident, early": round(resident[0] / 2**20, 1),
                "late, resident": round(resident[1] / 2**20, 1),
            }
        )
    return rows


def _merged(rows: list[dict[str, Any]], repeated: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the last run, those of the repeated plans replaced."""
    newer = {row["plan"]: row for row in repeated}
    return [newer.get(row["plan"], row) for row in rows]


def main() -> int:
    """Hunt, soak, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=200_000, help="programs of all hunts together")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long each process of the soak lives")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[plan.stem for plan in plans()], help="the plans whose hunt and soak are repeated")
    parser.add_argument("--soak", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.soak is not None:
        soak(options.soak, options.minutes * 60, options.seed)
        return 0
    share = -(-options.programs // len(plans()))
    these = [plan for plan in plans() if options.only is None or plan.stem in options.only]
    hunts = [hunt(plan, share, options.seed) for plan in these]
    soaks = soak_all(these, options.minutes, options.seed)
    if options.only is not None:
        last = json.loads(RESULTS.read_text(encoding="utf-8"))
        hunts, soaks = _merged(last["hunts"], hunts), _merged(last["memory"], soaks)
    result = {
        "title": "The core under attack for long",
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "seed": options.seed,
        "programs": sum(each["programs"] for each in hunts),
        "findings": sum(each["findings"] for each in hunts),
        "minutes of soak": options.minutes,
        "hunts": hunts,
        "memory": soaks,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    grown = [each["plan"] for each in soaks if each["growth"] > FLAT]
    return 1 if result["findings"] or grown else 0


if __name__ == "__main__":
    sys.exit(main())
