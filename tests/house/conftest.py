"""What the tests of the house look at: the checkout, its files, its parsed sources."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".git", ".tox", ".venv", ".hypothesis", "target", "build", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def _tracked() -> list[Path]:
    """What git knows or would add; in an unpacked sdist, where there is no git, every file that is no product of a build."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return [path for name in names if (path := ROOT / name).is_file()]
    package_of_ours = ROOT / "harness" / "deadhand" / "target"
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and (package_of_ours in path.parents or not _NOT_OURS & set(path.relative_to(ROOT).parts[:-1])) and path.suffix != ".so"
    ]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that is or would be committed."""
    return sorted(_tracked())


@pytest.fixture(scope="session")
def modules() -> dict[str, ast.Module]:
    """The package's modules, parsed, by their path below harness/deadhand (`worker/runtime.py`)."""
    package = ROOT / "harness" / "deadhand"
    found = {path.relative_to(package).as_posix(): path for path in sorted(package.rglob("*.py"))}
    assert len(found) > 40, "harness/deadhand is not where this test looks for it"
    return {name: ast.parse(path.read_text(encoding="utf-8"), name) for name, path in found.items()}
