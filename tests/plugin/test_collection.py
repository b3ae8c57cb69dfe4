"""What is collected, and what is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import deadhand.pytest_plugin

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytest_plugins = ["pytester"]

LIGHT = """
import importlib.util, sys, types
package = types.ModuleType("deadhand")
package.__path__ = [sys.argv[1]]
sys.modules["deadhand"] = package  # what the package itself imports is not the plugin's affair
import pytest
before = set(sys.modules)
import deadhand.pytest_plugin, deadhand.pytest_plugin.limits, deadhand.pytest_plugin.detect
print(*sorted({name.partition(".")[0] if not name.startswith("deadhand") else name for name in set(sys.modules) - before}))
"""


def collected(project: Project, *arguments: str | Path) -> list[str]:
    """The ids of all items."""
    result = project.run("--collect-only", "-q", *arguments)
    return [line for line in result.outlines if "::" in line]


def test_names_of_items(project: Project) -> None:
    project.sound()
    project.plan("import deadhand as d\nclass Base(d.Target): ...\nclass More(Base): ...\nclass _Hidden(Base): ...\n", "plans/more.py")
    assert collected(project) == [
        "box.py::Boxes::conformance",
        "box.py::Boxes::hunt",
        "plans/more.py::Base::conformance",
        "plans/more.py::Base::hunt",
        "plans/more.py::More::conformance",
        "plans/more.py::More::hunt",
    ]


def test_one_item_by_its_id(project: Project) -> None:
    project.sound()
    project.run("box.py::Boxes::conformance").assert_outcomes(passed=1)


def test_ordinary_test_modules_are_untouched(project: Project) -> None:
    source = project.sound("boxes/plan.py").read_text(encoding="utf-8")
    for name in ("test_box.py", "box_test.py", "conftest.py"):
        project.plan(source + "\n\ndef test_one():\n    assert Boxes\n", name)
    assert collected(project, "--ignore=boxes") == ["box_test.py::test_one", "test_box.py::test_one"]
    project.run("--ignore=boxes").assert_outcomes(passed=2)


def test_module_with_tests_stays_a_test_module_whatever_its_name(project: Project) -> None:
    source = project.sound("boxes/plan.py").read_text(encoding="utf-8")
    project.plan(source + "\n\ndef test_one():\n    assert Boxes\n", "check_box.py")
    assert collected(project, "--ignore=boxes", "-o", "python_files=check_*.py") == ["check_box.py::test_one"]


@pytest.mark.parametrize(
    "source",
    [
        "class Target: ...\nclass Deadhand(Target): ...  # not deadhand's\n",
        "from elsewhere import Target\nfrom deadhand import Handle\nclass Plan(Target): ...\n",
        "import deadhand\nclass Plan:\n    Target = deadhand.Target\n",
        "# from deadhand import Target\nclass Plan(Target): ...\n",
        "from deadhand import Target\n",
        "from deadhand import Target\nclass _Base(Target): ...\n",
        "from elsewhere import Target\nclass Torn(Target:\n# deadhand\n",
    ],
    ids=["local name", "other package", "attribute", "comment", "no class", "private", "torn"],
)
def test_what_is_no_plan_is_not_collected(project: Project, source: str) -> None:
    project.plan(source, "tool.py")
    result = project.run()
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.no_fnmatch_line("*deadhand: *")


def test_plan_named_on_the_command_line_is_no_test_module(project: Project) -> None:
    """Pytest would import it under its bare name, which is that of the library it attacks."""
    path = project.sound("plans/json.py")
    path.write_text("import json\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert collected(project, path) == ["plans/json.py::Boxes::conformance", "plans/json.py::Boxes::hunt"]
    project.run(path).assert_outcomes(passed=2)


def test_data_of_others_is_left_alone(project: Project) -> None:
    corpus = project.path / "corpus"
    corpus.mkdir()
    (corpus / "text.json").write_text('{"language": "en", "program": "a radio play"}', encoding="utf-8")
    (corpus / "lines.json").write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    (corpus / "list.json").write_text("[1, 2]", encoding="utf-8")
    (project.path / "torn.json").write_text('{"format": 1, "prog', encoding="utf-8")
    (project.path / "settings.json").write_text('{"format": "a", "other": 1}', encoding="utf-8")
    assert project.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_marker_deselects(project: Project) -> None:
    project.sound()
    project.plan("def test_one(): ...\n", "test_one.py")
    project.run("-m", "not deadhand", "--strict-markers").assert_outcomes(passed=1, deselected=2)


def test_unused_it_imports_nothing_heavy_and_says_nothing(project: Project) -> None:
    package = str(Path(deadhand.pytest_plugin.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", LIGHT, package], capture_output=True, text=True, timeout=60, check=True)
    assert {name for name in done.stdout.split() if name not in sys.stdlib_module_names} == {"deadhand.pytest_plugin", "deadhand.pytest_plugin.detect", "deadhand.pytest_plugin.limits"}
    project.plan("def test_one(): ...\n", "test_one.py")
    result = project.run("-v")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*deadhand: *")
