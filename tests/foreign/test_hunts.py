"""The plans of the core, on the surfaces that are made by hand: silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadhand.search.campaign import hunt
from deadhand.search.events import Found
from deadhand.settings import Budget, Settings

STRATEGIES = Path(__file__).resolve().parents[2] / "strategies" / "foreign"
PROGRAMS = 100


@pytest.mark.timeout(240)
@pytest.mark.parametrize("module", ["Store", "Memory", "Texts", "Callback", "Channel"])
@pytest.mark.parametrize("surface", ["ctypes", "cffi"])
def test_plan_finds_nothing(surface: str, module: str) -> None:
    found: list[object] = []
    plan = f"{STRATEGIES / f'over_{surface}.py'}:{module}"
    budget = Budget(seconds=None, programs=PROGRAMS)
    done = hunt(
        [plan], budget=budget, seed=1, modes=["poison"], corpus=None, settings=Settings(), jobs=1, include_unsafe=False, emit=found.append
    )
    assert done.programs == PROGRAMS
    assert done.errors == []
    assert [each.case.detail for each in found if isinstance(each, Found)] == []
