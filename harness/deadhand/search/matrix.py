"""The kill matrix: every planted bug hunted, every fixed twin watched for false alarms. The project's own exam."""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import settings

from deadhand.errors import DeadhandError, UsageError, WorkerError
from deadhand.search.events import Event
from deadhand.search.pursuit import Pursuit
from deadhand.target.loader import load
from deadhand.worker.evidence import MODES, SANITIZER, available

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.search.events import Found
    from deadhand.settings import Settings

SPECIMENS = Path("native/specimens")
NEEDS_CONTROL = "needs control of schedules"
"""Said of a specimen whose window has no width, where threads cannot be controlled."""

NOT_RUN_HERE = "not run here: needs a free-threaded interpreter"
"""Said of a specimen that cannot show where there is a GIL."""


class SpecimenResult(Event, frozen=True, tag="specimen"):
    """What a hunt made of one specimen. Over several seeds: `found` and `class_named` when most seeds did, numbers are medians.

    `schedules_to_first` counts runs with overlapping steps; null for a bug that needs one thread. `steps_most` is the largest minimised program of all seeds.
    `false_alarms` counts finds on the fixed twin, all its seeds together, in `twin_programs` programs.
    `note` says why a specimen could not run here; it then counts as not found. `needs` is "control" for one that is found by control of schedules alone, where
    there is none, and "free-threading" for one that cannot show where there is a GIL: then only the fixed twin is hunted, and nothing is demanded of the bug.
    `evidence` is the evidence mode of a line that is about one of them by itself, else empty. `mode` says how overlapping steps ran.
    """

    specimen: str
    mad: str
    technology: str
    threads: int
    found: bool
    class_named: bool
    programs_to_first: int | None
    schedules_to_first: int | None
    steps: int | None
    known_minimum: int
    false_alarms: int
    seeds: int = 1
    seeds_found: int = 0
    steps_most: int | None = None
    twin_programs: int = 0
    named: tuple[str, ...] = ()
    note: str = ""
    needs: str = ""
    evidence: str = ""
    mode: str = "mixed"

    @property
    def good(self) -> bool:
        """Whether it is as it should be: found, or not demanded, and the twin silent."""
        return (self.found or bool(self.needs)) and not self.false_alarms


@dataclass(frozen=True)
class Exam:
    """How specimens are hunted: seeds from `first_seed` on, at most `programs` programs on the bug, and, with the first `twin_seeds` (None: with all), as many on its twin."""

    programs: int
    settings: Settings
    seeds: int = 1
    twin_seeds: int | None = None
    jobs: int = 2
    first_seed: int = 1
    evidence: tuple[str, ...] = tuple(mode for mode in MODES if mode != SANITIZER)
    mode: str = "mixed"

    def hunt(self, plan: str, number: int, enough: Callable[[Found], bool]) -> tuple[list[Found], int]:
        """What one hunt finds, and in how many programs; it ends when `enough` says so of a find. What Hypothesis remembers of earlier hunts is no part of it."""
        modes = [mode for mode in self.evidence if not available(mode)]
        if not modes:
            raise WorkerError(f"no evidence mode of {','.join(self.evidence)} works here", remedy="deadhand doctor says why")
        pursuit = Pursuit(
            load(plan)[0],
            settings=self.settings,
            modes=modes,
            number=number,
            corpus=None,
            jobs=self.jobs,
            include_unsafe=False,
            emit=lambda _: None,
            schedules=self.mode,
            enough=enough,
        )
        default = settings.get_current_profile_name()
        settings.register_profile("deadhand-exam", settings.get_profile(default), database=None)
        settings.load_profile("deadhand-exam")
        try:
            pursuit.run(None, self.programs)
            return list(pursuit.found.values()), pursuit.programs
        finally:
            settings.load_profile(default)
            pursuit.close()


def run_matrix(
    exam: Exam,
    *,
    root: Path = SPECIMENS,
    classes: list[str],
    names: list[str],
    apart: bool = False,
    emit: Callable[[Event], None],
) -> list[SpecimenResult]:
    """Examine the specimens under `root` (only those of `classes` and `names`, if any); with `apart` by each evidence mode by itself.

    Emits each result as it is there. Raises UsageError when there are no specimens, or none of those names.
    """
    table = root / "specimens.toml"
    if not table.is_file():
        raise UsageError(f"there are no specimens at {root}", remedy="run it in a checkout of deadhand; the wheel does not contain them")
    specimens = tomllib.loads(table.read_text(encoding="utf-8"))["specimen"]
    if unknown := set(names) - {specimen["name"] for specimen in specimens}:
        raise UsageError(f"there is no specimen named {', '.join(sorted(unknown))}", remedy=f"they are in {table}")
    build = _build(root)
    controlled = can_control()
    exams = [("", exam)] if not apart else [(mode, replace(exam, evidence=(mode,))) for mode in exam.evidence]
    results = []
    for specimen in specimens:
        if (classes and specimen["mad"] not in classes) or (names and specimen["name"] not in names):
            continue
        plan = root / specimen["plan"] if not specimen["plan"].startswith(str(root)) else Path(specimen["plan"])
        for evidence, each in exams:
            result = _examine(each, specimen, plan, build, evidence, controlled=controlled)
            results.append(result)
            emit(result)
    return results


def can_control() -> bool:
    """Whether threads can be controlled here; tried in a process of its own, which control changes."""
    return not subprocess.run([sys.executable, "-c", "from deadhand import _native; _native.Scheduler.arm()"], capture_output=True, check=False).returncode


def lacking(specimen: dict[str, Any], *, controlled: bool) -> str:
    """What this machine or interpreter lacks for the bug to show: "control", "free-threading", or nothing."""
    if specimen.get("needs") == "free-threading" and getattr(sys, "_is_gil_enabled", lambda: True)():
        return "free-threading"
    return "control" if specimen.get("window") == "zero" and not controlled else ""


def _build(root: Path) -> str:
    """Build the specimens; why that failed, or an empty string."""
    spec = importlib.util.spec_from_file_location("deadhand_specimens_build", root / "build.py")
    if spec is None or spec.loader is None:
        return "there is no build.py"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        module.build()
    except (Exception, SystemExit) as error:  # noqa: BLE001  a missing compiler is reported by each specimen it concerns
        return f"{type(error).__name__}: {error}"
    return ""


def _examine(exam: Exam, specimen: dict[str, Any], plan: Path, build: str, evidence: str, *, controlled: bool) -> SpecimenResult:
    accepted = {specimen["mad"], *specimen.get("also_accept", ())}
    firsts: list[int] = []
    schedules: list[int] = []
    sizes: list[int] = []
    named: list[str] = []
    right = 0
    alarms = watched = 0
    needs = lacking(specimen, controlled=controlled)
    note = {"control": NEEDS_CONTROL, "free-threading": NOT_RUN_HERE}.get(needs, "")
    for number in range(exam.first_seed, exam.first_seed + exam.seeds):
        try:
            found = [] if needs else exam.hunt(f"{plan}:Bug", number, lambda each: each.mad in accepted)[0]
            if exam.twin_seeds is None or number < exam.first_seed + exam.twin_seeds:
                false, programs = exam.hunt(f"{plan}:Fixed", number, lambda _: False)
                alarms += len(false)
                watched += programs
        except DeadhandError as error:
            note = error.message + (f" ({build})" if build else "")
            continue
        if not found:
            continue
        best = next((each for each in found if each.mad in accepted), found[0])
        right += best.mad in accepted
        firsts.append(found[0].programs_to_first)
        schedules.append(found[0].schedules_to_first)
        sizes.append(best.steps)
        named.append(best.mad)
    return SpecimenResult(
        specimen=specimen["name"],
        mad=specimen["mad"],
        technology=specimen["technology"],
        threads=specimen["threads"],
        found=len(firsts) * 2 > exam.seeds,
        class_named=right * 2 > exam.seeds,
        programs_to_first=round(statistics.median(firsts)) if firsts else None,
        schedules_to_first=round(statistics.median(schedules)) if schedules and specimen["threads"] > 1 else None,
        steps=round(statistics.median(sizes)) if sizes else None,
        known_minimum=specimen["known_minimum"],
        false_alarms=alarms,
        seeds=exam.seeds,
        seeds_found=len(firsts),
        steps_most=max(sizes, default=None),
        twin_programs=watched,
        named=tuple(sorted(set(named))),
        note=note,
        needs=needs,
        evidence=evidence,
        mode=exam.mode,
    )
