"""The numbers of the README come from result files, and from nothing else."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def tool(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("refresh_readme", root / "tools" / "refresh_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("section", ["matrix", "benchmarks", "example"])
def test_section_is_what_the_results_render_to(tool: Any, root: Path, section: str) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert tool.section(text, section) == tool.SECTIONS[section](root), "run python tools/refresh_readme.py"


def test_pages_hold_the_files_they_name(tool: Any, root: Path) -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in sorted((root / "docs").glob("*.md"))}
    stale = [path.name for path, text in pages.items() if tool.page(text, path.parent) != text]
    assert not stale, f"run python tools/refresh_readme.py: {stale}"
    assert any(tool.FENCE.search(text) for text in pages.values())


def test_results_are_there(root: Path) -> None:
    """Without result files the sections above would be equal, and empty."""
    assert list((root / "benchmarks" / "results").glob("*.json")), "benchmarks/results holds no results"
    assert (root / "benchmarks" / "results" / "matrix.jsonl").is_file(), "run python tools/refresh_readme.py --run-matrix"


def test_replacing_a_section_keeps_the_rest(tool: Any) -> None:
    text = "a\n<!-- generated: matrix -->\nold\n<!-- /generated -->\nb\n"
    changed = tool.replaced(text, "matrix", "new")
    assert changed == "a\n<!-- generated: matrix -->\nnew\n<!-- /generated -->\nb\n"
    assert tool.section(changed, "matrix") == "new"


@pytest.mark.parametrize("text", ["", "<!-- generated: matrix -->\nno end"])
def test_a_missing_marker_is_an_error(tool: Any, text: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        tool.section(text, "matrix")


def test_setup_is_two_commands(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    assert 'python -m pip install ".[plans]" && deadhand hunt' in text
    assert "python -m pip install tox && tox" in text
