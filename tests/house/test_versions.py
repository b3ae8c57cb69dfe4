"""Numbers that stand in several files are the same in all of them."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

import deadhand

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def pyproject(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def workspace(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "native" / "Cargo.toml").read_text(encoding="utf-8"))


def test_one_version(pyproject: dict[str, Any], workspace: dict[str, Any]) -> None:
    versions = {
        "pyproject.toml": pyproject["project"]["version"],
        "native/Cargo.toml": workspace["workspace"]["package"]["version"],
        "deadhand.__version__": deadhand.__version__,
        "the installed distribution": metadata.version("deadhand"),
        "deadhand._native": deadhand._native.build_info()["version"],
    }
    assert len(set(versions.values())) == 1, versions


def test_one_list_of_pythons(pyproject: dict[str, Any], root: Path) -> None:
    """requires-python is the floor; classifiers, tox environments, ruff and mypy agree with it."""
    project = pyproject["project"]
    floor = re.fullmatch(r">=3\.(\d+)", project["requires-python"])
    assert floor, f"requires-python {project['requires-python']!r}: a lower bound only"
    classified = sorted(int(found[1]) for each in project["classifiers"] if (found := re.fullmatch(r".* :: 3\.(\d+)", each)))
    assert classified == list(range(int(floor[1]), classified[-1] + 1))
    tox = (root / "tox.ini").read_text(encoding="utf-8")
    assert sorted(int(each) for each in re.findall(r"\bpy3(\d+)\b", tox.split("[testenv]")[0].split("labels")[0])) == classified
    assert pyproject["tool"]["ruff"]["target-version"] == f"py3{floor[1]}"
    assert pyproject["tool"]["mypy"]["python_version"] == f"3.{floor[1]}"


def test_abi3_floor_is_the_oldest_python(pyproject: dict[str, Any], workspace: dict[str, Any]) -> None:
    features = workspace["workspace"]["dependencies"]["pyo3"]["features"]
    assert [each for each in features if each.startswith("abi3")] == ["abi3-py" + pyproject["project"]["requires-python"].removeprefix(">=").replace(".", "")]


def test_tox_is_what_the_readme_and_ci_say(root: Path) -> None:
    command = "python -m pip install tox && tox"
    for name in ("README.md", ".ci/run"):
        assert command in (root / name).read_text(encoding="utf-8"), f"{name} does not hold the test command: {command}"


def test_every_environment_is_explained(root: Path) -> None:
    sections = re.split(r"^\[(testenv[^\]]*)\]$", (root / "tox.ini").read_text(encoding="utf-8"), flags=re.MULTILINE)
    silent = [name for name, body in zip(sections[1::2], sections[2::2], strict=True) if not re.search(r"^description = \S", body, re.MULTILINE)]
    assert not silent, f"tox.ini: no description in {silent}"


def test_limits_are_on(pyproject: dict[str, Any]) -> None:
    options = pyproject["tool"]["pytest"]["ini_options"]
    assert options["timeout"] > 0
    assert options["faulthandler_timeout"] > 0
    assert options["xfail_strict"] is True
    assert {"--strict-markers", "--strict-config"} <= set(options["addopts"])
    assert any(each.startswith("pytest-timeout") for each in pyproject["project"]["dependencies"])
