"""Sizes, paths and contents of files."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 600
MACHINE_PATH = re.compile(r"(^|[^.~a-zA-Z0-9_-])/(work|root|farm)/", re.MULTILINE)
LOCKED = {"Cargo.lock", "uv.lock"}


def test_no_source_is_too_long_to_read(tracked: list[Path], root: Path) -> None:
    sizes = {path: path.read_text(encoding="utf-8").count("\n") for path in tracked if path.suffix in {".py", ".pyi", ".rs", ".c", ".h"}}
    assert sizes
    long = [f"{path.relative_to(root)}: {lines}" for path, lines in sizes.items() if lines > LONGEST]
    assert not long, f"more than {LONGEST} lines; split by what a reader looks for:\n" + "\n".join(long)


def test_no_path_of_one_machine(tracked: list[Path], root: Path) -> None:
    found = []
    for path in tracked:
        if path.name in LOCKED or path.suffix == ".lock":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(root)}:{text.count(chr(10), 0, each.end()) + 1}" for each in MACHINE_PATH.finditer(text)]
    assert not found, "absolute paths of somebody's machine:\n" + "\n".join(found)


def test_nothing_built_is_committed(tracked: list[Path], root: Path) -> None:
    built = [str(path.relative_to(root)) for path in tracked if path.suffix in {".so", ".o", ".a", ".pyc", ".pyd", ".dylib", ".whl"}]
    assert not built


def test_the_installed_distribution_holds_neither_specimen_nor_foreign_surface() -> None:
    files = metadata.distribution("deadhand").files
    assert files, "deadhand is installed without a RECORD"
    strangers = [str(each) for each in files if "specimen" in str(each) or "foreign" in str(each) or each.name.startswith(("spec_", "core_c", "libdeadhand_")) or each.parts[0] in {"tests", "strategies", "corpus"}]
    assert not strangers, f"planted bugs and what is built for comparison must never reach a user: {strangers}"


def test_build_configuration_keeps_them_out(root: Path) -> None:
    """An editable installation has no wheel to look into, so what goes into one is read as well."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    included = re.findall(r"\{ path = \"([^\"]+)\", format = ([^}]+)\}", text)
    assert included
    assert all("wheel" not in form for _, form in included), included
