"""Run every minimal program on both twins under every evidence mode.

    python native/specimens/scripts/check.py [NAME…]

Each bug must show in at least one mode, each fixed twin must be clean and silent in all. The exit
status says whether that holds. Nothing of deadhand is used.
"""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from build import build  # noqa: E402  the folder above is not on the path

MODES = {
    "stock": {},
    "debug": {"PYTHONMALLOC": "debug"},
    "poison": {
        "PYTHONMALLOC": "malloc",
        "LD_PRELOAD": "libc_malloc_debug.so.0",
        "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.check=3",
    },
    "unmap": {
        "PYTHONMALLOC": "malloc",
        "MALLOC_MMAP_THRESHOLD_": "256",
        "MALLOC_TOP_PAD_": "0",
        "MALLOC_MMAP_MAX_": "60000",
    },
}


def run(name: str, twin: str, mode: str, directory: Path) -> str:
    """What one run showed; empty when it was clean."""
    environment = {**os.environ, **MODES[mode], "DEADHAND_SPECIMENS": str(directory)}
    command = [sys.executable, str(HERE / f"{name}.py"), twin]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=10, check=False
        )
    except subprocess.TimeoutExpired:
        return "hang"
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    if "not built here" in done.stderr:
        return "not built"
    if done.returncode:
        return "wrong"
    return "stderr" if done.stderr else ""


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if path.stem != "check")
    directory = build()
    cells = [(name, twin, mode) for name in names for twin in ("bug", "fixed") for mode in MODES]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        shown = dict(zip(cells, pool.map(lambda cell: run(*cell, directory), cells), strict=True))
    failures = []
    print(f"{'specimen':12}", *(f"{mode:9}" for mode in MODES), "fixed twin")
    for name in names:
        bug = [shown[name, "bug", mode] for mode in MODES]
        fixed = [shown[name, "fixed", mode] for mode in MODES]
        print(f"{name:12}", *(f"{what or '-':9}" for what in bug), " ".join(filter(None, fixed)) or "clean")
        if not any(bug) or any(fixed):
            failures.append(name)
    if failures:
        sys.exit(f"not as planned: {', '.join(failures)}")


if __name__ == "__main__":
    main()
