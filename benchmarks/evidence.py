"""Which evidence sees which lifetime bug, and what it costs: the page guard beside stock tools, in one run.

    python benchmarks/evidence.py [--repeat N] [--out FILE]

Builds the specimens blocks, slabs (native memory used in twelve ways, in C and in Rust), keeper and holder (borrowed Python
objects, seven kinds). Each bug runs in a process of its own under each tool that is installed; seen is what ends the
process or makes the tool speak. `EFAULT` is the error that the kernel gives instead of a fault. The slowdown is that of a
small SQLite workload and of a loop on a small extension, both after everything is imported. The last table is about whole
children as a hunt forks them, each with one program: what the guard makes of the price that a hunt pays.
"""

from __future__ import annotations

import argparse
import ctypes.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deadhand.model.program import Program
    from deadhand.worker.controller import Lane

HERE = Path(__file__).resolve().parent
SPECIMENS = HERE.parent / "native" / "specimens"
sys.path[:0] = [str(HERE), str(SPECIMENS)]

from evidence_child import ITEMS, KINDS, WORKLOADS  # noqa: E402  the folder is not on the path before

_SECONDS = 120
_DEAR = ("@fork", "@subinterpreter", "@flood")
_NAMED = ("guard", "valgrind")  # what others do not see is most of it
_REPORTS = ("==ERROR: AddressSanitizer", "*** GWP-ASan detected", "Invalid read of", "Invalid write of", "Invalid free()", "uninitialised byte(s)", "points to unaddressable")


@dataclass(frozen=True)
class Tool:
    """One way to run Python. `guard`: the child arms the page guard itself, late. `needs`: why it cannot run here, if it cannot."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    guard: bool = False
    needs: str = ""


def tools() -> list[Tool]:
    """Every tool, those that are not installed with the reason."""
    from deadhand.worker.evidence import MODES, available

    found = [Tool(name, MODES[name].environment, guard=name == "guard", needs=available(name)) for name in ("stock", "debug", "poison", "unmap", "guard")]
    asan, fence, gwp = _library("asan"), _library("efence"), _gwp_asan()
    malloc = {"PYTHONMALLOC": "malloc"}
    found.append(Tool("libasan", malloc | {"LD_PRELOAD": asan, "ASAN_OPTIONS": "detect_leaks=0"}, needs="" if asan else "not installed"))
    found.append(Tool("Electric Fence", {"LD_PRELOAD": fence, "EF_ALLOW_MALLOC_0": "1", "EF_PROTECT_FREE": "1"}, needs="" if fence else "not installed"))
    sampled = "GWP_ASAN_SampleRate=1:GWP_ASAN_MaxSimultaneousAllocations=16384"
    found.append(Tool("GWP-ASan", {"LD_PRELOAD": gwp, "SCUDO_OPTIONS": sampled}, needs="" if gwp else "not installed"))
    valgrind = shutil.which("valgrind")
    found.append(Tool("valgrind", malloc, (valgrind or "", "--quiet", "--undef-value-errors=no", "--leak-check=no"), needs="" if valgrind else "not installed"))
    return found


def _library(name: str) -> str:
    """A library that can be preloaded, or an empty string."""
    found = ctypes.util.find_library(name)
    return found or ""


def _gwp_asan() -> str:
    """LLVM's Scudo with GWP-ASan, as distributions ship it, or an empty string."""
    places = sorted(Path("/usr/lib").glob("llvm*/lib/clang/*/lib/linux/libclang_rt.scudo_standalone-*.so"))
    return str(places[-1]) if places else ""


def run(tool: Tool, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """One process under `tool`; None when it takes too long."""
    from deadhand.worker.evidence import environment

    base = environment("stock") | tool.environment | {"DEADHAND_SPECIMENS": str(SPECIMENS / "build" / str(sys.implementation.cache_tag))}
    base["PYTHONPATH"] = os.pathsep.join(path for path in (str(HERE), str(SPECIMENS), *sys.path) if path)
    command = [*tool.command, sys.executable, str(HERE / "evidence_child.py"), *(["--guard"] if tool.guard else []), *arguments]
    try:
        return subprocess.run(command, env=base, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None


def seen(done: subprocess.CompletedProcess[str] | None) -> str:
    """`yes`, `EFAULT`, an empty string for not seen, or `failed` when not even the start was survived."""
    if done is None:
        return "failed"
    if "begun" not in done.stdout:
        return "failed"
    if "EFAULT" in done.stdout:
        return "EFAULT" if "guard saw" not in done.stdout else "yes"
    spoke = any(mark in done.stderr for mark in _REPORTS)
    return "yes" if done.returncode < 0 or spoke or "guard saw" in done.stdout or "ended" not in done.stdout else ""


def cost(tool: Tool, repeat: int) -> dict[str, float | None]:
    """Median seconds of each workload."""
    found: dict[str, float | None] = {}
    for name in WORKLOADS:
        times = []
        for _ in range(repeat):
            done = run(tool, "cost", name)
            if done is not None and done.returncode == 0:
                times.append(float(done.stdout.split()[-1]))
        found[name] = statistics.median(times) if times else None
    return found


def children(number: int, rounds: int) -> list[dict[str, object]]:
    """What a whole child costs: programs as a hunt writes them, one thread, one child each, processor time against that of a stock child."""
    from deadhand.model.program import replace
    from deadhand.search.generator import Generator
    from deadhand.settings import Settings
    from deadhand.target.loader import load
    from deadhand.worker.controller import Lane

    rows: list[dict[str, object]] = []
    for name, plan in (("sqlite3", HERE.parent / "strategies" / "sqlite3.py"), ("small extension", f"{SPECIMENS / 'plans' / 'blocks.py'}:Fixed")):
        target = load(str(plan))[0]
        generator = Generator(target, 1)
        drawn = (generator.program()[0] for _ in range(50 * number))
        programs = [replace(each, ending="collect") for each in drawn if not each.threads() > 1 and not any(step.do in _DEAR for _, step, _ in each.walk())][:number]
        lanes = {mode: Lane(target, mode, Settings()) for mode in ("stock", "guard")}
        for lane in lanes.values():
            lane.start()
        alive = [program for program in programs if all(lane.run_one(program).death is None for lane in lanes.values())]
        took = {mode: statistics.median(_ticks(lane, alive) for _ in range(rounds)) for mode, lane in lanes.items()}
        for lane in lanes.values():
            lane.close()
        rows.append({"child, one program": name, "programs": len(alive), "stock, CPU ms": round(took["stock"], 2), "guard, CPU ms": round(took["guard"], 2), "ratio": round(took["guard"] / took["stock"], 2)})
    return rows


def _ticks(lane: Lane, programs: list[Program]) -> float:
    """Milliseconds of processor time of a child, on average."""
    before = _used(lane.zygote_pid)
    for program in programs:
        lane.run_one(program)
    return (_used(lane.zygote_pid) - before) / len(programs) * 1000 / os.sysconf("SC_CLK_TCK")


def _used(pid: int) -> int:
    """What a process and its children that have ended used, in the system's ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5, help="processes per cost")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "evidence.json", help="where the numbers go")
    options = parser.parse_args()
    from build import build

    build()
    usable = [tool for tool in tools() if not tool.needs]
    bugs = [(name, kind) for name in ("blocks", "slabs") for kind in KINDS] + [(name, kind) for name in ("keeper", "holder") for kind in ITEMS]
    jobs = [(tool, *bug) for tool in usable for bug in bugs]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda job: seen(run(job[0], "bug", job[1], job[2])), jobs)
        told = {(tool.name, name, kind): answer for (tool, name, kind), answer in zip(jobs, answers, strict=True)}
    costs = {tool.name: cost(tool, options.repeat) for tool in usable}  # alone, after all the others
    guard = next(tool for tool in usable if tool.name == "guard")
    result = {
        "title": "Which evidence sees which lifetime bug, and what it costs",
        "python": platform.python_version(),
        "kernel": platform.release(),
        "tools": [_row(tool, told, costs) for tool in usable],
        "children": children(200, options.repeat),
        "milliseconds to arm in a child": round(statistics.median(float(run(guard, "arm").stdout.split()[-1]) for _ in range(2 * options.repeat + 1)), 2),  # type: ignore[union-attr]
        "not installed": ", ".join(tool.name for tool in tools() if tool.needs) or "none",
        **{f"not seen by {tool.name}": ", ".join(f"{name} {kind}" for name, kind in bugs if told[tool.name, name, kind] != "yes") for tool in usable if tool.name in _NAMED},
    }
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


def _row(tool: Tool, told: dict[tuple[str, str, str], str], costs: dict[str, dict[str, float | None]]) -> dict[str, str | float | None]:
    row: dict[str, str | float | None] = {"tool": tool.name}
    for column, name, kinds in (("native, C", "blocks", KINDS), ("native, Rust", "slabs", KINDS), ("objects, C", "keeper", ITEMS), ("objects, Rust", "holder", ITEMS)):
        answers = [told[tool.name, name, kind] for kind in kinds]
        extra = "".join(f" + {answers.count(word)} {word}" for word in ("EFAULT", "failed") if word in answers)
        row[column] = f"{answers.count('yes')}/{len(kinds)}{extra}"
    for name in WORKLOADS:
        here, stock = costs[tool.name][name], costs["stock"][name]
        row[f"slowdown, {name}"] = None if here is None or stock is None else round(here / stock, 1)
    return row


if __name__ == "__main__":
    main()
