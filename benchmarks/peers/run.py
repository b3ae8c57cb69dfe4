"""What users have today, on the same planted bugs: the rules are in README.md beside this file.

    python benchmarks/peers/run.py [--seconds 20] [--seeds 3] [--only NAME ...] [--peers NAME ...]

Writes benchmarks/results/peers.json. Needs what requirements.txt names; a peer that is not installed is said to be so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SPECIMENS = ROOT / "native" / "specimens"
LEAKS = ("MAD-06", "MAD-07")
PYTEST = ("-X", "faulthandler", "-m", "pytest", "-q", "-x", "--rootdir", str(HERE), "-c", os.devnull, "-p", "no:cacheprovider")
CLOCK = 8
"""A run may take so many times its processor time by the clock before it counts as a hang."""


@dataclass(frozen=True)
class Peer:
    """One way to test.

    `needs`: modules and commands that must be there. `classes`: only those, if any. `slow`: the time is stretched so.
    `log`: a file in its folder; to name a specimen's library in it is to fail.
    """

    name: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    malloc: bool = False
    classes: tuple[str, ...] = ()
    slow: float = 1.0
    log: str = ""

    def missing(self) -> list[str]:
        """What of its needs is not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None and shutil.which(name) is None]


VALGRIND = ("valgrind", "--quiet", "--undef-value-errors=no", "--leak-check=no", "--log-file=valgrind.log")
PEERS = (
    Peer("Hypothesis, in an xdist worker", (*PYTEST, "-p", "no:run-parallel", "-n", "1", str(HERE / "test_alone.py")), ("hypothesis", "xdist")),
    Peer("pytest-run-parallel", (*PYTEST, "-p", "no:xdist", str(HERE / "test_shared.py")), ("pytest_run_parallel",)),
    Peer("Hypothesis under valgrind", (*PYTEST, "-p", "no:run-parallel", "-p", "no:xdist", str(HERE / "test_alone.py")), ("valgrind",), VALGRIND, malloc=True, slow=5.0, log="valgrind.log"),
    Peer("psleak", (*PYTEST, "-p", "no:xdist", "-p", "no:run-parallel", str(HERE / "test_leaks.py"), "-k", "psleak"), ("psleak",), malloc=True, classes=LEAKS),
    Peer("pytest-memray", (*PYTEST, "-p", "no:xdist", "-p", "no:run-parallel", "--memray", str(HERE / "test_leaks.py"), "-k", "memray"), ("memray", "pytest_memray"), classes=LEAKS),
    Peer("deadhand", (str(HERE / "hunt_once.py"),)),
)


@dataclass(frozen=True)
class Outcome:
    """How one run ended: whether it failed, and the seconds of processor time it took."""

    failed: bool
    seconds: float


def run(peer: Peer, specimen: dict[str, Any], twin: str, seed: int, seconds: float) -> Outcome:
    """One run on one twin."""
    seconds *= peer.slow
    environment = os.environ | {
        "PEER_PLAN": f"{SPECIMENS / specimen['plan']}:{twin}",
        "PEER_SEED": str(seed),
        "PEER_SECONDS": str(seconds),
        "PEER_CLASSES": " ".join([specimen["mad"], *specimen["also_accept"]]),
        "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)]),
        "PYTHONHASHSEED": "0",
    }
    if peer.malloc:
        environment["PYTHONMALLOC"] = "malloc"
    with tempfile.TemporaryDirectory() as folder:
        return _run(peer, environment, folder, seconds)


def _run(peer: Peer, environment: dict[str, str], folder: str, seconds: float) -> Outcome:
    command = [sys.executable, str(HERE / "timed.py"), *peer.before, sys.executable, *peer.arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, start_new_session=True)
    try:
        told, _ = process.communicate(timeout=CLOCK * seconds + 30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return Outcome(failed=True, seconds=seconds)
    status, used = json.loads(told.splitlines()[-1])
    log = Path(folder, peer.log)
    reported = bool(peer.log) and log.exists() and "spec_" in log.read_text(encoding="utf-8", errors="replace")
    return Outcome(status != 0 or reported, used)


def examine(peer: Peer, specimen: dict[str, Any], seeds: int, seconds: float) -> dict[str, Any]:
    """All seeds of one peer on one specimen."""
    on_bug = [run(peer, specimen, "Bug", seed, seconds) for seed in range(1, seeds + 1)]
    # A twin is asked once, of a peer that failed on the bug: one that fails on it fails on it.
    alarm = any(each.failed for each in on_bug) and run(peer, specimen, "Fixed", 1, seconds).failed
    hits = [] if alarm else [each.seconds for each in on_bug if each.failed]
    print(f"{peer.name}: {specimen['name']}: {len(hits)} of {seeds}{', false alarm' if alarm else ''}", file=sys.stderr, flush=True)
    return {"hits": len(hits), "found": 2 * len(hits) > seeds, "alarm": alarm, "seconds": statistics.median(hits) if hits else None}


def row(peer: Peer, answers: dict[str, dict[str, Any]], table: list[dict[str, Any]]) -> dict[str, Any]:
    """What the table says of one peer."""

    def of(wanted: Any) -> str:
        asked = [specimen["name"] for specimen in table if specimen["name"] in answers and wanted(specimen)]
        return f"{sum(answers[name]['found'] for name in asked)}/{len(asked)}" if asked else "-"

    seconds = [answer["seconds"] for answer in answers.values() if answer["found"]]
    return {
        "tool": peer.name,
        "one thread": of(lambda each: each["threads"] == 1 and each["mad"] not in LEAKS),
        "leaks": of(lambda each: each["mad"] in LEAKS),
        "threads, window with a width": of(lambda each: each["threads"] > 1 and each.get("window") != "zero"),
        "threads, window of width zero": of(lambda each: each.get("window") == "zero"),
        "false alarms": sum(answer["alarm"] for answer in answers.values()),
        "median CPU seconds of a find": round(statistics.median(seconds), 1) if seconds else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="processor time of one run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="+", metavar="SPECIMEN")
    parser.add_argument("--peers", nargs="+", metavar="PEER", choices=[peer.name for peer in PEERS])
    parser.add_argument("--out", type=Path, default=HERE.parent / "results" / "peers.json")
    options = parser.parse_args()
    sys.path.insert(0, str(SPECIMENS))
    from build import build

    build()
    table = [each for each in tomllib.loads((SPECIMENS / "specimens.toml").read_text(encoding="utf-8"))["specimen"] if not options.only or each["name"] in options.only]
    if not table:
        parser.error(f"no specimen of those names: {' '.join(options.only)}")
    peers = [peer for peer in PEERS if not options.peers or peer.name in options.peers]
    usable = [peer for peer in peers if not peer.missing()]
    jobs = [(peer, specimen) for peer in usable for specimen in table if not peer.classes or specimen["mad"] in peer.classes]
    begun = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        answers = pool.map(lambda job: examine(*job, options.seeds, options.seconds), jobs)
        told: dict[str, dict[str, dict[str, Any]]] = {}
        for (peer, specimen), answer in zip(jobs, answers, strict=True):
            told.setdefault(peer.name, {})[specimen["name"]] = answer
    result = {
        "title": "What users have today, on the same planted bugs",
        "note": "The rules are in benchmarks/peers/README.md.",
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "CPU seconds of a run": options.seconds,
        "seeds": options.seeds,
        "minutes": round((time.monotonic() - begun) / 60),
        "found": [row(peer, told[peer.name], table) for peer in usable],
        **{f"missed by {peer.name}": ", ".join(name for name, answer in told[peer.name].items() if not answer["found"]) for peer in usable if peer.name == "deadhand"},
        "not installed": ", ".join(peer.name for peer in peers if peer.missing()) or "none",
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
