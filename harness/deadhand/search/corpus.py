"""The corpus: one folder per target, one JSON file per case, each written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from deadhand.errors import CaseError
from deadhand.model.case import Case, decode_case

if TYPE_CHECKING:
    from pathlib import Path

    from deadhand.target.describe import Description

_SUFFIX = ".json"


def load_case(path: Path) -> Case:
    """Read one case. Raises CaseError naming the file and the remedy."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path}: {error.strerror}", remedy="check the path") from None
    return decode_case(data, str(path))


def write_case(path: Path, case: Case) -> None:
    """Write `case` to `path`: to a temporary name beside it, flushed, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(case.encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Corpus:
    """Cases under one root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self) -> list[Path]:
        """Every case file, in a stable order."""
        return sorted(path for path in self.root.rglob(f"*{_SUFFIX}") if not path.name.startswith("."))

    def of(self, target: Description) -> dict[str, tuple[Path, Case]]:
        """The readable cases of a target by signature; unreadable files are left to `replay`, which names them."""
        found: dict[str, tuple[Path, Case]] = {}
        for path in sorted((self.root / target.slug).glob(f"*{_SUFFIX}")):
            try:
                case = load_case(path)
            except CaseError:
                continue
            found.setdefault(case.signature, (path, case))
        return found

    def save(self, target: Description, case: Case) -> Path:
        """Keep a case: over an open one of the same signature if this one is smaller, else as a new file."""
        known = self.of(target).get(case.signature)
        if known is not None:
            path, old = known
            if old.status == "open" and case.program.size() < old.program.size():
                write_case(path, case)
            return path
        path = self.root / target.slug / file_name(case)
        write_case(path, case)
        return path

    def remove_leftovers(self) -> int:
        """Remove temporary files whose writer was killed; returns how many."""
        removed = 0
        for path in self.root.rglob(".*.tmp") if self.root.is_dir() else ():
            parts = path.name.split(".")
            if len(parts) > 2 and parts[-2].isdigit() and not os.path.exists(f"/proc/{parts[-2]}"):  # noqa: PTH110
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def file_name(case: Case) -> str:
    """`mad-14-call-back-reenter-1a2b3c4d.json`: class, the step that shows it, and a hash of the signature."""
    words = re.sub(r"[^a-z0-9]+", "-", case.signature.partition(":")[2].lower()).strip("-")[:48].strip("-")
    digest = hashlib.sha256(case.signature.encode()).hexdigest()[:8]
    return f"{(case.mad or 'unknown').lower()}-{words}-{digest}{_SUFFIX}"
