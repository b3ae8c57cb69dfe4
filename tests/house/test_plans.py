"""The shipped plans of attack: short, and right in every way that can be seen without running one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadhand.errors import TargetSkipped
from deadhand.hazards import HAZARDS
from deadhand.model.hazard_names import HAZARD_NAMES
from deadhand.search.compose import Composer
from deadhand.search.random_drawer import Pools, RandomDrawer
from deadhand.target.loader import load

ROOT = Path(__file__).resolve().parents[2]
PLANS = sorted((ROOT / "strategies").rglob("*.py"))
LINES = 60
SHORT = "at most 25 lines"
SHORT_LINES = 25
PROMISED = ("apsw", "bytearray_memoryview", "ctypes_callbacks", "lmdb", "mmap", "plyvel", "shared_memory_numpy", "sqlite3")


@pytest.mark.parametrize("name", PROMISED)
def test_promised_plan_is_there(name: str) -> None:
    assert (ROOT / "strategies" / f"{name}.py").is_file()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_plan_is_short(plan: Path) -> None:
    """Lines with something on them. A plan whose docstring says "at most 25 lines" is held to that."""
    text = plan.read_text(encoding="utf-8")
    allowed = SHORT_LINES if SHORT in text else LINES
    assert sum(bool(line.strip()) for line in text.splitlines()) <= allowed


@pytest.mark.parametrize("plan", [*PLANS, *sorted((ROOT / "docs" / "examples").glob("*.py"))], ids=lambda plan: plan.stem)
def test_plan_conforms(plan: Path) -> None:
    """It loads and reads without a problem, skips only hazards that exist, and programs can be written for it.

    Where its library is not installed, loading says so, and that is all that can be seen.
    """
    try:
        targets = load(str(plan))
    except TargetSkipped:
        targets = []
    for target in targets:
        assert target.cls.__doc__ or plan.read_text(encoding="utf-8").startswith('"""')
        draw = RandomDrawer(Pools(target, 1), 1)
        programs = [Composer(target).program(draw)[0] for _ in range(100)]
        used = {step.do for program in programs for _, step, _ in program.walk()}
        never = set(target.operations) - used
        assert not never, f"{target.name}: in 100 programs these operations never occur: {never}"


@pytest.mark.parametrize("plan", sorted((ROOT / "native" / "specimens" / "plans").glob("*.py")), ids=lambda plan: plan.stem)
def test_specimen_plan_names_both_twins(plan: Path) -> None:
    text = plan.read_text(encoding="utf-8")
    assert "class Bug(" in text
    assert "class Fixed(" in text


def test_every_hazard_can_be_named_in_a_plan() -> None:
    of_values = {"hostile twin", "finalizer"}
    assert set(HAZARD_NAMES) == {*of_values, *(hazard.name for hazard in HAZARDS)}
    assert len(set(HAZARD_NAMES)) == len(HAZARD_NAMES)
