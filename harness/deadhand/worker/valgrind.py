"""A second opinion on a shrunk case: its script under valgrind, which sees every touch of freed memory, slowly."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deadhand.errors import UnsupportedError
from deadhand.worker.evidence import environment

_SECONDS = 180
_OPTIONS = ("--quiet", "--undef-value-errors=no", "--leak-check=no", "--num-callers=24")
_HEAD = re.compile(r"^==\d+== ((?:Invalid (?:read|write) of size \d+|Invalid free\(\).*|Syscall param .* points to unaddressable byte\(s\)|Process terminating.*))$")
_PLACE = re.compile(r"^==\d+==    (?:at|by) 0x[0-9A-F]+: (\S+) \((?:in )?([^)]+)\)$")
_PARTS = (("freed", re.compile(r"free'd$")), ("allocated", re.compile(r"Block was alloc'd at$")))
_ALLOCATORS = ("malloc", "calloc", "realloc", "free", "posix_memalign", "operator", "_PyMem_Raw", "PyMem_", "PyObject_Free", "PyObject_Malloc", "_PyObject_Free", "_PyMem_")


def opinion(script: str, evidence: str) -> str:
    """What valgrind says of a script that `deadhand export` made, in one sentence. Raises UnsupportedError when it is not installed."""
    program = shutil.which("valgrind")
    if program is None:
        raise UnsupportedError("valgrind is not installed", remedy="install it (Debian: apt install valgrind), or leave the option out")
    with tempfile.TemporaryDirectory(prefix="deadhand-valgrind-") as folder:
        path = Path(folder, "case.py")
        path.write_text(script, encoding="utf-8")
        variables = environment("stock") | {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0", "DEADHAND_SCRIPT": evidence}
        try:
            done = subprocess.run([program, *_OPTIONS, sys.executable, str(path)], env=variables, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"valgrind did not come to an end within {_SECONDS} s"
    return sentence(done.stderr)


def sentence(stderr: str) -> str:
    """`valgrind: Invalid read of size 8 in block_use blocks.c:160; freed in let_go blocks.c:114; allocated in block_new blocks.c:46`."""
    lines = stderr.splitlines()
    start = next((at for at, line in enumerate(lines) if _HEAD.match(line)), None)
    if start is None:
        return "valgrind sees nothing"
    head = _HEAD.match(lines[start])
    assert head is not None
    told = f"valgrind: {head[1].partition(' with default action')[0]}"
    where = _place(lines, start + 1)
    told += f" in {where}" if where else ""
    for word, pattern in _PARTS:
        at = next((at for at in range(start, len(lines)) if pattern.search(lines[at])), None)
        if at is not None and (where := _place(lines, at + 1)):
            told += f"; {word} in {where}"
    return told


def _place(lines: list[str], start: int) -> str:
    """The first frame from `start` on that is no allocator's."""
    for line in lines[start:]:
        frame = _PLACE.match(line)
        if frame is None:
            return ""
        if not frame[1].startswith(_ALLOCATORS) and "vgpreload" not in frame[2]:
            return f"{frame[1]} {frame[2].rpartition('/')[2]}"
    return ""
