"""The detector's power: every planted bug found, named and shrunk within its limits; every fixed twin silent."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.search.matrix import Exam, can_control, lacking
from deadhand.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from deadhand.search.events import Found

SPECIMENS = Path(__file__).resolve().parents[2] / "native" / "specimens"
TABLE: list[dict[str, Any]] = tomllib.loads((SPECIMENS / "specimens.toml").read_text(encoding="utf-8"))["specimen"]
EXPECTED: dict[str, Any] = tomllib.loads(Path(__file__).with_name("expected.toml").read_text(encoding="utf-8"))
EXCEPTIONS: dict[str, dict[str, Any]] = EXPECTED.get("exception", {})

SETTINGS = Settings(shrink_seconds=60.0)
"""Shrinking is bounded by runs alone: how small a program gets must not depend on how busy the machine is."""

pytestmark = pytest.mark.timeout(240)
DEMANDED = [specimen for specimen in TABLE if not lacking(specimen, controlled=can_control())]
"""Windows of width zero are found by control of the schedule alone, some races only without a GIL: where there is none of that, only their twins are hunted."""


def limits(specimen: dict[str, Any]) -> dict[str, Any]:
    return {**EXPECTED["default"], **EXPECTED.get(specimen["name"], {})}


def hunts(specimen: dict[str, Any]) -> list[list[Found]]:
    """What a hunt of the bug found, seed by seed; the next seed only where the ones before did not give the class, small.

    A hunt ends at its first find of the class. That may be a late symptom of the same bug, with a minimum of its own.
    """
    accepted = {specimen["mad"], *specimen["also_accept"]}
    found: list[list[Found]] = []
    for seed in limits(specimen)["seeds"]:
        plan = f"{SPECIMENS / specimen['plan']}:Bug"
        found.append(Exam(limits(specimen)["programs"], SETTINGS, jobs=1).hunt(plan, seed, lambda each: each.mad in accepted)[0])
        if not shortcomings(specimen, found):
            break
    return found


def shortcomings(specimen: dict[str, Any], found: list[list[Found]]) -> dict[str, str]:
    """What is not as it should be, by sort: found, named, small."""
    every = [each for of_seed in found for each in of_seed]
    if not every:
        return {"found": f"not found within {limits(specimen)['programs']} programs, seeds {limits(specimen)['seeds']}"}
    accepted = {specimen["mad"], *specimen["also_accept"]}
    named = [each for each in every if each.mad in accepted]
    if not named:
        return {"named": f"found as {sorted({each.mad for each in every})}, planted as {sorted(accepted)}"}
    smallest = min(each.steps for each in named)
    if smallest > specimen["known_minimum"] + limits(specimen)["spare"]:
        return {"small": f"shrunk to {smallest} steps, known minimum {specimen['known_minimum']}"}
    return {}


def test_planted_bug_is_found_named_and_small(planted: dict[str, Any]) -> None:
    tolerated = EXCEPTIONS.get(planted["name"], {}).get("lacks", [])
    short = {sort: what for sort, what in shortcomings(planted, hunts(planted)).items() if sort not in tolerated}
    assert not short


def test_fixed_twin_is_silent(specimen: dict[str, Any]) -> None:
    seed = limits(specimen)["seeds"][0]
    alarms, _ = Exam(limits(specimen)["twin"], SETTINGS, jobs=1).hunt(f"{SPECIMENS / specimen['plan']}:Fixed", seed, lambda _: False)
    assert not alarms, "\n".join(f"{each.signature}: {each.detail}" for each in alarms)


def test_exceptions_have_a_reason_and_a_date() -> None:
    names = {specimen["name"] for specimen in TABLE}
    assert set(EXPECTED) - {"default", "exception"} <= names
    for name, entry in EXCEPTIONS.items():
        assert name in names
        assert set(entry["lacks"]) <= {"found", "named", "small"}
        assert len(entry["reason"]) > 20
        assert date.fromisoformat(entry["seen"])


def test_the_exam_covers_enough_classes_in_both_languages() -> None:
    single = {specimen["mad"] for specimen in TABLE if specimen["threads"] == 1}
    assert len(single) >= 12
    assert {specimen["technology"] for specimen in TABLE} >= {"c-api", "c-ctypes", "rust-pyo3"}


def test_windows_of_width_zero_cover_every_technology() -> None:
    tight = [specimen for specimen in TABLE if specimen.get("window") == "zero"]
    assert {specimen["technology"] for specimen in tight} == {"c-api", "c-ctypes", "rust-pyo3", "rust-ctypes"}
    assert {specimen["mad"] for specimen in tight} == {"MAD-18", "MAD-19", "MAD-22", "MAD-23", "MAD-28"}
    assert all(specimen["threads"] == 2 for specimen in tight)
