"""Arrows point one way, only cli/ and report/ speak to the user, and nothing native runs in the parent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = {"errors", "model"}
_READ = _DATA | {"target"}
_RUN = _READ | {"hazards", "settings", "_native"}
_SEARCH = _RUN | {"oracles", "worker", "search", ""}
MAY_IMPORT = {
    "errors": set(),
    "settings": {"errors"},
    "model": _DATA,
    "target": _READ,
    "hazards": _READ | {"hazards"},
    "oracles": _READ | {"oracles"},
    "worker": _RUN | {"worker", ""},
    "search": _SEARCH,
    "report": _SEARCH | {"report"},
    "cli": _SEARCH | {"report", "cli"},
    "pytest_plugin": _SEARCH | {"report", "pytest_plugin"},
    "__init__": {"target"},
    "__main__": {"cli"},
}
"""model ← target ← hazards, oracles, worker ← search ← report ← cli, plugin. The empty name is the package itself (its version, its folder)."""

ANSWERS_BY_STDOUT = {"worker/probe.py"}
"""Programs of our own whose standard output is a pipe to the process that started them, and no user's terminal."""

RUNS_THE_TARGET = {"worker/_child.py", "worker/runtime.py", "worker/zygote.py"}


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, first part below the package) of each import of ours, those for type checkers included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: relative import"
            names = [f"deadhand.{each.name}" for each in node.names] if node.module == "deadhand" else [node.module or ""]
        else:
            continue
        for name in names:
            if name == "deadhand" or name.startswith("deadhand."):
                yield node.lineno, name.removeprefix("deadhand").removeprefix(".").partition(".")[0]


def _top(module: str) -> str:
    return module.partition("/")[0].removesuffix(".py")


def test_imports_point_one_way(modules: dict[str, ast.Module]) -> None:
    wrong = [
        f"{module}:{line} imports {imported or 'deadhand'}"
        for module, tree in modules.items()
        for line, imported in _imports(tree)
        if imported not in MAY_IMPORT.get(_top(module), set())
    ]
    assert not wrong, "an import goes up the layers, or a new part has no row in MAY_IMPORT:\n" + "\n".join(wrong)


def _writes_to_the_user(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "print"
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys":
        return node.attr in {"stdout", "stderr", "__stdout__", "__stderr__"}
    return False


def test_only_cli_and_report_speak_to_the_user(modules: dict[str, ast.Module]) -> None:
    speakers = [
        f"{module}:{node.lineno}"
        for module, tree in modules.items()
        if _top(module) not in {"cli", "report"} and module not in ANSWERS_BY_STDOUT
        for node in ast.walk(tree)
        if _writes_to_the_user(node)
    ]
    assert not speakers, "return data or raise; only cli/ and report/ write: " + ", ".join(speakers)


def _calls_the_target(node: ast.AST) -> bool:
    """`operation.function(…)` is an operation of the library; `target.cls(…)` makes a plan whose setup is one."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"function", "cls"}


def test_the_parent_never_calls_a_target(modules: dict[str, ast.Module]) -> None:
    callers = {f"{module}:{node.lineno}" for module, tree in modules.items() for node in ast.walk(tree) if _calls_the_target(node)}
    outside = {each for each in callers if each.partition(":")[0] not in RUNS_THE_TARGET}
    assert not outside, "an operation may only be called in a child: " + ", ".join(sorted(outside))
    assert callers, "no module calls a target at all: this test no longer sees how it is done"


@pytest.mark.parametrize(("source", "seen"), [("operation.function(plan)", True), ("target.cls(workspace)", True), ("signature(function)", False)])
def test_the_test_above_can_fail(source: str, seen: bool) -> None:
    assert any(_calls_the_target(node) for node in ast.walk(ast.parse(source))) is seen
