"""CPU seconds per passing 20-step program, isolation on, against the same operations run by Hypothesis in process.

`python benchmarks/throughput.py [--programs 400] [--rounds 5]`: the ways take turns within each round and ratios are taken
round by round, so that a noisy machine does not favour one. Writes benchmarks/results/throughput.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from deadhand import _native
from deadhand.hazards.draft import Draft
from deadhand.model.program import Program, replace
from deadhand.oracles import judge
from deadhand.search.compose import Composer
from deadhand.search.machine import build_machine
from deadhand.search.random_drawer import Pools, RandomDrawer
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker.controller import Lane
from deadhand.worker.runtime import Runtime
from deadhand.worker.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 20
PLAN = str(Path(__file__).with_name("passing_plan.py"))
RESULTS = Path(__file__).parent / "results" / "throughput.json"


class ByHand(RuleBasedStateMachine):
    """The same operations as a user would write them for Hypothesis alone: nothing is isolated, nothing is judged."""

    streams = Bundle("streams")

    @initialize(target=streams, data=st.sampled_from([b"", b"abcdefgh"]))
    def begin(self, data: bytes) -> io.BytesIO:
        return io.BytesIO(data)

    @rule(target=streams, data=st.sampled_from([b"", b"abcdefgh"]))
    def open(self, data: bytes) -> io.BytesIO:
        return io.BytesIO(data)

    @rule(stream=streams, size=st.integers(-1, 9))
    def read(self, stream: io.BytesIO, size: int) -> None:
        _call(stream.read, size)

    @rule(stream=streams, data=st.sampled_from([b"", b"xyz"]))
    def write(self, stream: io.BytesIO, data: bytes) -> None:
        _call(stream.write, data)

    @rule(stream=streams, to=st.integers(0, 9))
    def seek(self, stream: io.BytesIO, to: int) -> None:
        _call(stream.seek, to)

    @rule(stream=streams)
    def close(self, stream: io.BytesIO) -> None:
        stream.close()


def _call(method: Callable[[object], object], argument: object) -> None:
    try:
        method(argument)
    except ValueError:
        return


def _settings(programs: int) -> settings:
    return settings(
        max_examples=programs, stateful_step_count=STEPS, database=None, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )


def cpu() -> float:
    """CPU seconds of this process and of all children that ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def by_hand(programs: int) -> float:
    """Hypothesis alone, in process."""
    before = cpu()
    run_state_machine_as_test(ByHand, settings=_settings(programs))
    return (cpu() - before) / programs


def machine_in_process(programs: int) -> float:
    """Deadhand's machine, executed in process: what isolation itself costs is the difference to the next."""
    target = load(PLAN)[0]
    journal = _native.Journal.create(1 << 22)
    runtime = Runtime(target, journal.append, Workspace.create(), "stock")
    ran = [0]

    def execute(program: Program) -> None:
        ran[0] += 1
        journal.reset()
        runtime.run(replace(program, ending="collect"))

    before = cpu()
    run_state_machine_as_test(build_machine(target, execute), settings=_settings(programs))
    return (cpu() - before) / ran[0]


def machine_isolated(programs: int) -> float:
    """The same machine, each program alone in a fresh child, judged."""
    target = load(PLAN)[0]
    lane = Lane(target, "debug", Settings())
    ran = [0]
    before = cpu()
    lane.start()
    started = cpu()

    def execute(program: Program) -> None:
        ran[0] += 1
        assert not judge(target, program, lane.run_one(program))

    run_state_machine_as_test(build_machine(target, execute), settings=_settings(programs))
    lane.close()
    return (cpu() - before - (started - before)) / ran[0]


def hunt_isolated(programs: int) -> dict[str, float]:
    """The hunt's way: programs from the plain generator, warm children, judged; and where the time goes."""
    target = load(PLAN)[0]
    draw = RandomDrawer(Pools(target, 1), 1)
    composer = Composer(target)
    lane = Lane(target, "debug", Settings())
    lane.start()
    before = cpu()
    batch = []
    for _ in range(programs):
        draft = Draft(target, draw)
        while len(draft.steps) < STEPS:
            draft.call(draw.choose(composer.operations), hostile=False)
        batch.append(draft.finish())
    composed = cpu()
    histories = []
    for at in range(0, programs, 40):
        histories += lane.run(batch[at : at + 40]).histories
    shipped = cpu()
    for program, history in zip(batch, histories, strict=True):
        findings = judge(target, program, history)
        assert not findings, (program, findings)
    judged = cpu()
    lane.close()
    ended = cpu()
    return {
        "total": (ended - before) / programs,
        "compose": (composed - before) / programs,
        "ship and read": (shipped - composed) / programs,
        "judge": (judged - shipped) / programs,
        "zygote and children": (ended - judged) / programs,
    }


def main() -> None:
    """Measure in turn, print and keep the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = []
    for _ in range(options.rounds):
        began = time.monotonic()
        alone, hunted = by_hand(options.programs), hunt_isolated(options.programs)
        inside, isolated = machine_in_process(options.programs // 4), machine_isolated(options.programs // 4)
        rounds.append({"by hand": alone, "machine in process": inside, "machine isolated": isolated, "hunt": hunted})
        print(f"by hand {alone * 1e3:.2f} ms, hunt {hunted['total'] * 1e3:.2f} ms (ratio {hunted['total'] / alone:.2f}); machine {inside * 1e3:.2f} -> {isolated * 1e3:.2f} ms (ratio {isolated / inside:.2f}); {time.monotonic() - began:.0f} s", flush=True)
    result = {
        "python": platform.python_version(),
        "steps": STEPS,
        "programs": options.programs,
        "rounds": options.rounds,
        "hunt_to_hypothesis_alone": round(statistics.median(each["hunt"]["total"] / each["by hand"] for each in rounds), 2),
        "machine_isolated_to_in_process": round(statistics.median(each["machine isolated"] / each["machine in process"] for each in rounds), 2),
        "hunt_parts": {part: round(statistics.median(each["hunt"][part] / each["hunt"]["total"] for each in rounds), 2) for part in rounds[0]["hunt"]},
        "milliseconds": {
            "Hypothesis alone, in process": round(statistics.median(each["by hand"] for each in rounds) * 1e3, 2),
            "deadhand hunt, isolated and judged": round(statistics.median(each["hunt"]["total"] for each in rounds) * 1e3, 2),
            "deadhand machine, in process": round(statistics.median(each["machine in process"] for each in rounds) * 1e3, 2),
            "deadhand machine, isolated and judged": round(statistics.median(each["machine isolated"] for each in rounds) * 1e3, 2),
        },
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
