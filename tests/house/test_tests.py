"""No test is set aside silently, and none passes for any failure whatever."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATED = re.compile(r"\S.*\b20\d\d-[01]\d-[0-3]\d\b", re.DOTALL)
SET_ASIDE = {"skip", "skipif", "xfail", "importorskip", "skipIf", "skipUnless", "SkipTest"}


def _set_aside(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, reason) of everything that skips a test or expects it to fail."""
    called: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SET_ASIDE:
            called.add(id(node.func))
            said = [*node.args, *[each.value for each in node.keywords if each.arg in {"reason", "msg"}]]
            yield node.lineno, " ".join(text for each in said for text in _texts(each))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in SET_ASIDE and id(node) not in called and _is_pytest(node):
            yield node.lineno, ""


def _is_pytest(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) in {"pytest", "pytest.mark", "unittest"}


def _texts(node: ast.AST) -> list[str]:
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def test_no_python_test_is_set_aside_without_reason_and_date(tracked: list[Path], root: Path) -> None:
    tests = [path for path in tracked if path.suffix == ".py" and (root / "tests") in path.parents]
    assert tests
    silent = [
        f"{path.relative_to(root)}:{line} {reason!r}"
        for path in tests
        for line, reason in _set_aside(ast.parse(path.read_text(encoding="utf-8")))
        if not DATED.search(reason)
    ]
    assert not silent, "a skipped or expected failure needs its reason and an ISO date in the text:\n" + "\n".join(silent)


def test_no_rust_test_is_set_aside_without_reason_and_date(tracked: list[Path], root: Path) -> None:
    silent = [
        f"{path.relative_to(root)}: {found[0]}"
        for path in tracked
        if path.suffix == ".rs"
        for found in re.finditer(r"#\[(ignore\b[^\]]*|should_panic)\]", path.read_text(encoding="utf-8"))
        if not DATED.search(found[1])
    ]
    assert not silent, "#[ignore] needs a reason with a date; #[should_panic] needs expected = …:\n" + "\n".join(silent)


@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        ("@pytest.mark.skip\ndef test(): pass", [""]),
        ("@pytest.mark.xfail(reason='upstream 12, seen 2026-11-20')\ndef test(): pass", ["upstream 12, seen 2026-11-20"]),
        ("pytest.skip('no compiler')", ["no compiler"]),
        ("pytest.importorskip('numpy')", ["numpy"]),
        ("history.skip", []),
    ],
)
def test_what_counts_as_set_aside(source: str, reasons: list[str]) -> None:
    assert [reason for _, reason in _set_aside(ast.parse(source))] == reasons
