"""Plans for the plugin's tests: a library in pure Python, sound or with a bug that needs no luck to find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECONDS = 90


@pytest.fixture(autouse=True)
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under CI pytest says each failure twice, the second time in its summary; what is counted here is the first."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


FAST = ("--deadhand-evidence", "stock", "--deadhand-programs", "60", "-p", "no:cacheprovider")
PLAN = '''\
"""Plan of attack on boxes."""

from deadhand import Handle, Target, creates, disposes, uses


class Box:
    def __init__(self):
        self.open = True

    def get(self):
        {check}
        return 1

    def close(self):
        self.open = False


class Boxes(Target):
    box = Handle()

    @creates(box)
    def make(self):
        return Box()

    @uses
    def get(self, box):
        return box.get()

    @disposes(box)
    def close(self, box):
        box.close()
'''
SOUND = PLAN.format(check='if not self.open: raise ValueError("closed")')
BUGGY = PLAN.format(check="pass")
CASES = Path("corpus") / "box-py-Boxes"


@dataclass
class Project:
    """A project of somebody who uses the plugin: a folder, and pytest run in it as its own process."""

    pytester: pytest.Pytester

    @property
    def path(self) -> Path:
        """The root folder."""
        return self.pytester.path

    def plan(self, source: str, name: str = "box.py") -> Path:
        """Write a plan."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return path

    def sound(self, name: str = "box.py") -> Path:
        """Write the plan of a library that keeps its promise."""
        return self.plan(SOUND, name)

    def buggy(self, name: str = "box.py") -> Path:
        """Write the plan of a library that answers for a closed box."""
        return self.plan(BUGGY, name)

    def case(self, text: str | dict[str, Any], name: str = "known.json") -> Path:
        """Write a case."""
        path = self.path / CASES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return path

    def cases(self) -> list[str]:
        """The names of the cases that are kept."""
        return sorted(each.name for each in (self.path / CASES).glob("*.json"))

    def run(self, *arguments: str | Path, fast: bool = True) -> pytest.RunResult:
        """Run pytest."""
        return self.pytester.runpytest_subprocess(*(FAST if fast else ()), *arguments, timeout=SECONDS)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project."""
    for name in [*(name for name in os.environ if name.startswith("DEADHAND_")), "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"]:
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\n")
    return Project(pytester)


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The case that a hunt keeps of the buggy plan, as data."""
    folder = tmp_path_factory.mktemp("found")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "box.py").write_text(BUGGY, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "pytest", *FAST, "box.py"], cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    kept = list((folder / CASES).glob("*.json"))
    assert len(kept) == 1, done.stdout + done.stderr
    case: dict[str, Any] = json.loads(kept[0].read_bytes())
    return case
