"""What a parent of doomed processes asks of the system, and what the build says of itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deadhand import _native

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only (2026-11-21)")

DEADLINE_SECONDS = 10


def wait_until_gone(pid: int) -> bool:
    """Whether a process that is no child of ours ends before the deadline (a zombie has ended)."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.005)
    return False


def run_python(code: str) -> str:
    """Run code in a fresh interpreter and return what it printed."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    return done.stdout


def test_children_lists_children_zombies_included() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    found = _native.children()
    os.waitpid(pid, 0)
    assert pid in found
    assert found == sorted(found)
    assert pid not in _native.children()


def test_parent_death_signal_kills_the_orphan() -> None:
    orphan = run_python(
        "import os, signal, time\n"
        "from deadhand import _native\n"
        "ready, ready_child = os.pipe()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    os.close(1)\n"
        "    _native.set_parent_death_signal(signal.SIGKILL)\n"
        "    os.write(ready_child, b'x')\n"
        "    time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.read(ready, 1)\n"
        "print(pid, flush=True)\n"
        "os._exit(0)\n"
    )
    assert wait_until_gone(int(orphan))


def test_subreaper_adopts_orphans() -> None:
    output = run_python(
        "import os\n"
        "from deadhand import _native\n"
        "_native.set_child_subreaper(True)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    if os.fork() == 0:\n"
        "        os.read(os.pipe()[0], 1)\n"  # blocks until it is killed
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "[orphan] = _native.children()\n"
        "os.kill(orphan, 9)\n"
        "print(os.waitpid(orphan, 0)[0] == orphan)\n"
        "_native.set_child_subreaper(False)\n"
    )
    assert output == "True\n"


@pytest.mark.parametrize("signum", [-1, 1000, signal.SIGRTMIN + 1])
def test_unnamed_signals_are_refused(signum: int) -> None:
    with pytest.raises(ValueError, match=r"pass one such as signal\.SIGKILL, or 0 for none"):
        _native.set_parent_death_signal(signum)


def test_signal_must_be_an_int() -> None:
    with pytest.raises(TypeError, match="signum must be an int, not str"):
        _native.set_parent_death_signal("SIGKILL")  # type: ignore[arg-type]


def test_parent_death_signal_can_be_taken_back() -> None:
    _native.set_parent_death_signal(0)


def test_build_says_what_it_is() -> None:
    info = _native.build_info()
    assert list(info) == ["version", "profile", "target", "pyo3", "journal_format", "checked"]
    assert not {"", "unknown"} & set(info.values())
