"""Is this file a plan of attack, or a case? Decided by its text, without importing it and without any of deadhand."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BIG = 4 << 20  # bytes; no plan and no case comes near it
_IMPORT = re.compile(rb"^\s*(from\s+deadhand\b|import\s+deadhand\b)", re.MULTILINE)
_CLASS = re.compile(rb"^class\s+([A-Za-z]\w*)\s*\([^)\n]*\bTarget\b", re.MULTILINE)
_KEYS = {"format", "target", "program"}


class Plan(NamedTuple):
    """A Target class by name, and the line it begins at."""

    name: str
    line: int


def plans(path: Path) -> list[Plan]:
    """The Target classes written in a file; none for a test module, or for a file that has nothing to do with deadhand."""
    stem = path.stem
    if stem.startswith(("test_", "_")) or stem.endswith("_test") or stem == "conftest":
        return []
    data = b"" if _is_big(path) else _read(path)
    if b"deadhand" not in data or b"Target" not in data:
        return []
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _plans_of_broken(data)
    return _plans_in(tree)


def _plans_in(tree: ast.Module) -> list[Plan]:
    bases = set(_target_names(tree))
    found: list[Plan] = []
    for node in tree.body if bases else ():
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in bases for base in node.bases):
            bases.add(node.name)
            if not node.name.startswith("_"):
                found.append(Plan(node.name, node.lineno))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name.startswith(("test", "Test")):
            return []
    return found


def _target_names(tree: ast.Module) -> Iterator[str]:
    """The expressions by which this file can name deadhand's Target."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("deadhand", "deadhand.target.target") and not node.level:
            yield from (each.asname or each.name for each in node.names if each.name == "Target")
        elif isinstance(node, ast.Import):
            yield from (f"{each.asname or each.name}.Target" for each in node.names if each.name == "deadhand")


def _plans_of_broken(data: bytes) -> list[Plan]:
    """A file with a syntax error that looks like a plan is one: loading it names the line."""
    if not _IMPORT.search(data):
        return []
    return [Plan(found[1].decode(), data.count(b"\n", 0, found.start()) + 1) for found in _CLASS.finditer(data)]


def is_case(path: Path, *, kept: bool) -> bool:
    """Whether a JSON file is a case of deadhand. Where cases are `kept`, a file that is no longer readable is one too."""
    if path.name.startswith(".") or _is_big(path):
        return False
    data = _read(path)
    if not kept and not (b'"format"' in data and b'"program"' in data):
        return False
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError):
        return kept and not _is_json_lines(data)
    if not isinstance(raw, dict):
        return False
    return len(_KEYS & raw.keys()) >= 2 if kept else {"format", "program"} <= raw.keys()


def _is_json_lines(data: bytes) -> bool:
    """Somebody else's corpus: a whole value in the first line, and more below."""
    first, _, rest = data.strip().partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(rest)


def _is_big(path: Path) -> bool:
    try:
        return path.stat().st_size > _BIG
    except OSError:
        return False


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
