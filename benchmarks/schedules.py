"""How soon control of the schedule finds what has a window of width zero, and what it costs: `python benchmarks/schedules.py`.

    --quick                 few seeds, few runs; the results are printed and not kept
    --only first,speed      some of the parts; what the others found before is kept
    --python PATH           one more interpreter for the replays and the speed (again for more); it needs deadhand's dependencies and the specimens
    --peers PATH            an interpreter with frontrun and interleave-test, and the specimens built for it

Parts: `first` (schedules to the first find, for each policy and the default mix, given a program that holds the two steps), `hunt` (the
whole default hunt, programs and schedules to the first find), `modes` (whole hunts of every specimen with two threads, by `--mode`), `twins` (runs of the fixed twins), `replay` (trace hashes of one schedule
run again and again), `speed` (time per run on one core, controlled against free), `peers`. All are bounded by counts.
Writes benchmarks/results/schedules.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis

from deadhand.model.history import scheduling
from deadhand.model.program import Program, Ref, Step, replace
from deadhand.model.schedule import Schedule
from deadhand.oracles import judge
from deadhand.search.exploration import Exploration
from deadhand.search.forced import fingerprint
from deadhand.search.pursuit import Pursuit
from deadhand.search.schedules import pinned, schedule
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker import evidence
from deadhand.worker.controller import Lane
from deadhand.worker.evidence import MODES, available

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deadhand.model.history import History
    from deadhand.target.describe import Description

RESULTS = Path(__file__).parent / "results" / "schedules.json"
SPECIMENS = Path("native") / "specimens"
PAIRS = {
    "cursor": ("fetch", "close"),
    "frame": ("sum", "close"),
    "page": ("read", "close"),
    "registry": ("read", "remove"),
    "scanner": ("scan", "close"),
    "tunnel": ("close", "close"),
    "meter": ("refresh", "read"),
    "gauge": ("poll", "level"),
    "catalog": ("each", "add"),
    "outbox": ("send", "flush"),
}
"""The two steps that must meet."""

POLICIES = ("pct-1", "pct-2", "pct-3", "pos", "surw", "walk", "free")
TOOLS = ("frontrun dpor", "frontrun random", "interleave random", "interleave pct", "interleave dfs", "free")
MODE = "debug"
CAP = 300
BATCH = 40
HUNT_PROGRAMS = 3000
MODE_PROGRAMS = 1000
TABLES = {
    "schedules_to_first_find": "schedules to the first find given a program with the two steps that must meet, for each policy (median of seeds)",
    "whole_hunt": "the whole default hunt",
    "modes": "whole hunts of all bugs of two threads, by mode",
    "twins": "fixed twins",
    "replay": "replays of one schedule",
    "speed": "time per run in a warm child on one core",
    "peers": "what other tools say of the same specimens (interleavings they ran)",
}
"""What each table tells, in the order in which they are told."""
PEER_SECONDS = 20


def target(name: str, twin: str = "Bug") -> Description:
    """A specimen's plan."""
    return load(f"{SPECIMENS / 'plans' / name}.py:{twin}")[0]


def met(of: Description, first: str, second: str) -> Program:
    """The shortest program in which the two steps overlap."""
    kind = next(iter(of.kinds))
    maker = next(each.name for each in of.operations.values() if each.creates)
    handle = {kind: Ref("handle_1")}
    return Program((Step(maker, out="handle_1"), Step(first, handle), Step(second, handle, thread=1, overlap=True)))


def orders(name: str, of: Description) -> list[Program]:
    """The program in both orders."""
    first, second = PAIRS[name]
    return [met(of, first, second)] + ([met(of, second, first)] if first != second else [])


def shown(lane: Lane, program: Program, history: History) -> bool:
    """Whether a run is a find."""
    return any(each.certain for each in judge(lane.target, program, history))


def run_all(lane: Lane, programs: list[Program]) -> Iterator[tuple[Program, History]]:
    """Run them in batches, as a hunt would; a death costs a new child and no more."""
    waiting = list(programs)
    while waiting:
        batch = lane.run(waiting[:BATCH])
        yield from zip(batch.programs, batch.histories, strict=False)
        waiting = waiting[len(batch.histories) :]


# --- schedules to the first find -------------------------------------------------------------------------------------


def to_first(lane: Lane, name: str, policy: str, seed: int) -> int | None:
    """How many schedules until the find; the order of the two steps changes with the seed. None: not within the cap."""
    programs = orders(name, lane.target)
    program = programs[seed % len(programs)]
    if policy == "mix":
        return mix_to_first(lane, program, seed)
    length = 1 + max(scheduling(lane.run_one(replace(program, schedule=Schedule()))).decisions, default=23)
    for at in range(0, CAP, BATCH):
        many = [replace(program, schedule=schedule(policy, seed * CAP + each, length)) for each in range(at, at + BATCH)]
        for number, (each, history) in enumerate(run_all(lane, many), at + 1):
            if shown(lane, each, history):
                return number
    return None


def mix_to_first(lane: Lane, program: Program, seed: int) -> int | None:
    """The default mix for a pair, which learns from what it ran."""
    exploration = Exploration(program, seed)
    ran = 0
    while not exploration.over and ran < CAP:
        batch = []
        while len(batch) < BATCH // 4 and (each := exploration.next()) is not None:
            batch.append(each)
        for each, history in run_all(lane, batch):
            ran += 1
            found = shown(lane, each, history)
            if found:
                return ran
            exploration.learn(each, history, suspicious=False)
    return None


def median(numbers: list[int | None]) -> str:
    """Their median, those that were not found counted as the largest; and how many that is."""
    found = sorted(each if each is not None else CAP for each in numbers)
    lost = sum(each is None for each in numbers)
    middle = statistics.median(found)
    return ("> " if middle >= CAP else "") + f"{middle:g}" + (f" ({lost} missed)" if lost else "")


def part_first(seeds: int) -> list[dict[str, Any]]:
    """For each specimen and policy."""
    rows = []
    for name in PAIRS:
        lane = Lane(target(name), MODE, Settings())
        lane.start()
        row: dict[str, Any] = {"specimen": name}
        for policy in ("mix", *POLICIES):
            numbers = [to_first(lane, name, policy, seed) for seed in range(1, seeds + 1)]
            row[policy] = median(numbers)
            if policy == "mix":
                row["mix, worst seed"] = max(each if each is not None else CAP for each in numbers)
        lane.close()
        rows.append(row)
        print(json.dumps(row), flush=True)
    return rows


# --- the whole hunt --------------------------------------------------------------------------------------------------


class Shown(BaseException):
    """A program showed the planted class; not an Exception, for Hypothesis would shrink it."""


class UntilShown(Pursuit):
    """The default hunt up to the first program that shows one of the classes, before it is confirmed and minimised."""

    accepted: frozenset[str] = frozenset()
    ran = scheduled = 0

    def _judge(self, program: Program, history: History) -> Any:
        self.ran += 1
        self.scheduled += bool(program.regions())
        found = super()._judge(program, history)
        if any(each.mad in self.accepted for each in found):
            raise Shown
        return found


def hunted(name: str, accepted: frozenset[str], seed: int, mode: str = "mixed", programs: int = HUNT_PROGRAMS) -> tuple[int, int] | None:
    """Programs, and runs of overlapping steps among them, to the first find."""
    modes = [mode for mode in MODES if not available(mode)]
    pursuit = UntilShown(target(name), settings=Settings(), modes=modes, number=seed, corpus=None, jobs=1, include_unsafe=False, emit=lambda _: None, schedules=mode)
    pursuit.accepted = accepted
    try:
        pursuit.run(None, programs)
    except Shown:
        return pursuit.ran, pursuit.scheduled
    finally:
        pursuit.close()
    return None


def specimens() -> dict[str, dict[str, Any]]:
    """The table of specimens, by name; empty before Python 3.11, which reads no TOML."""
    if sys.version_info < (3, 11):
        return {}
    import tomllib

    return {each["name"]: each for each in tomllib.loads((SPECIMENS / "specimens.toml").read_text(encoding="utf-8"))["specimen"]}


def part_modes(seeds: int) -> list[dict[str, Any]]:
    """How many of the bugs of two threads each mode finds, and in how much processor time, its misses counted."""
    rows: list[dict[str, Any]] = []
    if not specimens():
        return rows
    for mode in ("mixed", "controlled", "free", "serial"):
        found, programs, seconds = 0, [], []
        asked = [each for each in specimens().values() if each["threads"] > 1 and not each.get("needs")]
        for specimen in asked:
            accepted = frozenset({specimen["mad"], *specimen["also_accept"]})
            for seed in range(1, seeds + 1):
                begun = sum(os.times()[:4])
                got = hunted(specimen["name"], accepted, seed, mode, MODE_PROGRAMS)
                seconds.append(sum(os.times()[:4]) - begun)
                found += got is not None
                programs.append(got[0] if got is not None else MODE_PROGRAMS)
        rows.append(
            {
                "mode": mode,
                "hunts that find": f"{found} of {seeds * len(asked)}",
                "programs, median": statistics.median(programs),
                "CPU seconds, median": round(statistics.median(seconds), 1),
                "finds per CPU minute": round(60 * found / sum(seconds), 1),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def part_hunt(seeds: int) -> list[dict[str, Any]]:
    """For each specimen."""
    table = specimens()
    if not table:
        return []
    rows = []
    for name in PAIRS:
        accepted = frozenset({table[name]["mad"], *table[name]["also_accept"]})
        got = [hunted(name, accepted, seed) for seed in range(1, seeds + 1)]
        found = [each for each in got if each is not None]
        rows.append(
            {
                "specimen": name,
                "found": f"{len(found)} of {seeds}",
                "programs, median": statistics.median(each[0] for each in found) if found else None,
                "schedules, median": statistics.median(each[1] for each in found) if found else None,
                "schedules, worst": max((each[1] for each in found), default=None),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


# --- twins, replays, speed -------------------------------------------------------------------------------------------


def part_twins(runs: int) -> list[dict[str, Any]]:
    """The fixed twins, through the mix of the pair again and again with other seeds: nothing may be found."""
    rows = []
    for name in PAIRS:
        lane = Lane(target(name, "Fixed"), MODE, Settings())
        lane.start()
        ran = alarms = seed = 0
        while ran < runs:
            for program in orders(name, lane.target)[:1]:
                exploration = Exploration(program, seed)
                seed += 1
                while not exploration.over and ran < runs:
                    batch = []
                    while len(batch) < BATCH and (each := exploration.next()) is not None:
                        batch.append(each)
                    for each, history in run_all(lane, batch):
                        ran += 1
                        alarms += shown(lane, each, history)
                        exploration.learn(each, history, suspicious=False)
        lane.close()
        rows.append({"specimen": name, "schedules of the fixed twin": ran, "false alarms": alarms})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def replays(runs: int) -> dict[str, Any]:
    """For each specimen the find of the mix, in this interpreter: how many of `runs` took the same course, and its switches."""
    told: dict[str, Any] = {}
    for name in PAIRS:
        lane = Lane(target(name), MODE, Settings())
        lane.start()
        for program in orders(name, lane.target):
            found = find(lane, program)
            if found is not None:
                break
        if found is None:
            told[name] = {"same": 0, "program": ""}
        else:
            course = fingerprint(lane.run_one(found))
            told[name] = {"same": sum(fingerprint(lane.run_one(found)) == course for _ in range(runs)), "program": found.encode().decode()}
        twin = Lane(target(name, "Fixed"), MODE, Settings())
        twin.start()
        program = replace(orders(name, twin.target)[0], schedule=schedule("surw", 7, 24))
        hashes = [scheduling(history).hashes for _, history in run_all(twin, [program] * (runs + 1))][1:]
        told[name]["twin"] = max(hashes.count(each) for each in set(hashes))
        lane.close()
        twin.close()
    return told


def find(lane: Lane, program: Program) -> Program | None:
    """The program with the switches that show it, of its exploration's first find that a fresh child repeats."""
    exploration = Exploration(program, 1)
    while not exploration.over:
        each = exploration.next()
        if each is None:
            return None
        history = lane.run_one(each)
        if shown(lane, each, history):
            return pinned(each, history)
        exploration.learn(each, history, suspicious=False)
    return None


def shown_here(programs: dict[str, str]) -> dict[str, bool]:
    """Whether this interpreter shows what another one found, by the very same program and schedule."""
    told = {}
    for name, text in programs.items():
        lane = Lane(target(name), MODE, Settings())
        lane.start()
        program = Program.decode(text.encode())
        told[name] = shown(lane, program, lane.run_one(program))
        lane.close()
    return told


def part_replay(runs: int, pythons: list[str]) -> list[dict[str, Any]]:
    """Each interpreter alone; then what the first one found, in the others."""
    own = replays(runs)
    rows = [_replay_row(platform.python_version(), own, runs, None)]
    programs = json.dumps({name: each["program"] for name, each in own.items() if each["program"]})
    for python in pythons:
        there = _ask(python, "--inner-replay", str(runs))
        same = _ask(python, "--inner-case", programs)
        rows.append(_replay_row(_version(python), there, runs, same))
    for row in rows:
        print(json.dumps(row), flush=True)
    return rows


def _replay_row(version: str, told: dict[str, Any], runs: int, cases: dict[str, bool] | None) -> dict[str, Any]:
    return {
        "python": version,
        "replays of a find, each in a fresh child": f"{min(each['same'] for each in told.values())} of {runs} the same, in the worst of {len(told)}",
        "replays on the twin, in warm children": f"{min(each['twin'] for each in told.values())} of {runs} the same, in the worst of {len(told)}",
        "cases of the first row that it shows": "" if cases is None else f"{sum(cases.values())} of {len(cases)}",
    }


def _ask(python: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run([python, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True, stdin=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _version(python: str) -> str:
    return subprocess.run([python, "-c", "import platform; print(platform.python_version())"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def part_speed(runs: int, rounds: int, pythons: list[str]) -> list[dict[str, Any]]:
    """Every interpreter's rows, one after another."""
    return [*speed(runs, rounds), *(row for python in pythons for row in _ask(python, "--inner-speed", f"{runs},{rounds}")["rows"])]


def speed(runs: int, rounds: int) -> list[dict[str, Any]]:
    """Microseconds of processor time per whole run of the twin's program in warm children, on one core; the ways take turns, ratios are taken round by round."""
    core = {min(os.sched_getaffinity(0))}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    rows = []
    try:
        for name in PAIRS:
            lane = Lane(target(name, "Fixed"), "stock", Settings())
            lane.start()
            program = orders(name, lane.target)[0]
            pct = [replace(program, schedule=schedule("pct-2", seed, 24)) for seed in range(runs)]
            pairs = []
            for _ in range(rounds + 1):
                free, controlled = _time(lane, [program] * runs), _time(lane, pct)
                pairs.append((free, controlled))
            lane.close()
            pairs = pairs[1:]
            controlled = statistics.median(each[1] for each in pairs)
            rows.append(
                {
                    "python": platform.python_version(),
                    "specimen": name,
                    "free threads, CPU microseconds": round(statistics.median(each[0] for each in pairs)),
                    "controlled, CPU microseconds": round(controlled),
                    "ratio": round(statistics.median(each[1] / each[0] for each in pairs), 2),
                    "controlled schedules per second": round(1e6 / controlled),
                }
            )
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    finally:
        os.sched_setaffinity(0, before)
    return rows


def _time(lane: Lane, programs: list[Program]) -> float:
    """Microseconds of processor time per program, all in one child, whose start they share: on one core nothing else is to be waited for."""
    before = _children_ticks(lane.zygote_pid)
    batch = lane.run(programs)
    assert len(batch.histories) == len(programs), batch.histories[-1]
    return (_children_ticks(lane.zygote_pid) - before) / os.sysconf("SC_CLK_TCK") / len(programs) * 1e6


def _children_ticks(pid: int) -> int:
    """What the children of a process that have ended used, in the system's ticks."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(after_name[13]) + int(after_name[14])


# --- other tools -----------------------------------------------------------------------------------------------------


def part_peers(python: str, runs: int) -> list[dict[str, Any]]:
    """What other tools say of the same specimens, with the same look at memory, each attempt in a process of its own."""
    tag = subprocess.run([python, "-c", "import sys; print(sys.implementation.cache_tag)"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    folder = SPECIMENS / "build" / tag
    script = Path(__file__).with_name("schedules_peers.py")
    rows = []
    for name in PAIRS:
        row = {"specimen": name}
        for tool in TOOLS:
            row[tool if tool != "free" else "threads and a barrier"] = _attempt(python, script, folder, name, tool, runs)
        rows.append(row)
        print(json.dumps(row), flush=True)
    return rows


def _attempt(python: str, script: Path, folder: Path, name: str, tool: str, runs: int) -> str:
    environment = evidence.environment("poison") | {"PYTHONHASHSEED": "0"}
    try:
        command = [python, str(script), str(folder), name, tool, str(runs), "1"]
        if tool.startswith("frontrun"):
            command.insert(0, str(Path(python).with_name("frontrun")))  # it explores only below its own command
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PEER_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"hangs ({PEER_SECONDS} s)"
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        death = -done.returncode if done.returncode < 0 else 256 - done.returncode if done.returncode > 192 else 0  # frontrun's command passes it on so
        return f"dies of signal {death}, says nothing" if death else f"ends with {done.returncode}, says nothing"
    told = json.loads(lines[-1])
    return f"{told['said']} ({told['ran']})"


# --- all of it -------------------------------------------------------------------------------------------------------


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="first,hunt,modes,twins,replay,speed,peers")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--replays", type=int, default=0, help="replays of each schedule in each interpreter; default 1000, with --quick 20")
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--peers", default="")
    parser.add_argument("--inner-replay", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--inner-speed", default="", help=argparse.SUPPRESS)
    parser.add_argument("--inner-case", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    hypothesis.settings.register_profile("schedules", database=None)  # nothing remembered from an earlier run
    hypothesis.settings.load_profile("schedules")
    if options.inner_replay:
        print(json.dumps(replays(options.inner_replay)))
        return
    if options.inner_speed:
        print(json.dumps({"rows": speed(*map(int, options.inner_speed.split(",")))}))
        return
    if options.inner_case:
        print(json.dumps(shown_here(json.loads(options.inner_case))))
        return
    quick, wanted = options.quick, options.only.split(",")
    seeds = options.seeds or (3 if quick else 20)
    result: dict[str, Any] = {"title": "Schedules: specimens whose windows have no width", "python": platform.python_version()}
    if "first" in wanted:
        result["schedules_to_first_find"] = part_first(seeds)
        result["seeds"] = seeds
    if "hunt" in wanted:
        result["whole_hunt"] = part_hunt(seeds)
        result["seeds_of_the_hunt"] = seeds
    if "modes" in wanted:
        result["modes"] = part_modes(options.seeds or (1 if quick else 5))
    if "twins" in wanted:
        result["twins"] = part_twins(200 if quick else 5000)
    if "replay" in wanted:
        result["replay"] = part_replay(options.replays or (20 if quick else 1000), options.python)
    if "speed" in wanted:
        result["speed"] = part_speed(300 if quick else 1000, 3 if quick else 5, options.python)
    if "peers" in wanted and options.peers:
        result["peers"] = part_peers(options.peers, 20 if quick else 500)
    if not quick:
        before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        result = before | result
        there = [name for name in TABLES if name in result]
        result = {name: result[name] for name in (*[name for name in result if name not in TABLES], *there)}
        result["note"] = f"Tables, in order: {'; '.join(TABLES[name] for name in there)}."
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
