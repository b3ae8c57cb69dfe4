"""What UniFFI documents or has as an open issue: the cases that the plans found are as their status promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "corpus").glob("strategies-foreign-over_uniffi-*/*.json"))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case_replays(case: Path) -> None:
    command = [sys.executable, "-m", "deadhand", "replay", str(case.relative_to(ROOT))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 cases as their status promises" in done.stdout


def test_there_are_cases() -> None:
    assert len(CASES) == 3
