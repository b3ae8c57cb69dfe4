"""`deadhand doctor`: what works on this machine, what does not, and why."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import typer

from deadhand.errors import ExitCode

_SELF_TEST = "import sys; from deadhand.worker.evidence import self_test; print('result:' + self_test(sys.argv[1]))"
_SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
_VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.14t")
_SECONDS = 30


@dataclass(frozen=True)
class Check:
    """One line of the examination. `needed`: without it nothing can be hunted."""

    name: str
    good: bool
    told: str
    needed: bool = False


def doctor() -> int:
    """Examine this machine: evidence modes, journal, stacks, Python versions."""
    checks = [*_platform(), *_modes(), _journal(), _children(), *_stacks(), _versions()]
    for check in checks:
        typer.echo(f"{'ok' if check.good else 'FAIL' if check.needed else 'no':<5} {check.name:<18} {check.told}")
    missing = [check for check in checks if check.needed and not check.good]
    modes = [check for check in checks if check.name.startswith("evidence ") and check.good]
    if missing or not modes:
        reason = ", ".join(check.name for check in missing) or "no evidence mode works"
        typer.echo(f"hunting is not possible here: {reason}")
        return int(ExitCode.UNSUPPORTED)
    off = [check.name for check in checks if not check.good]
    typer.echo("hunting is possible" + (f"; without {', '.join(off)}" if off else ", with everything deadhand has"))
    return int(ExitCode.CLEAN)


def _platform() -> list[Check]:
    import deadhand

    linux = sys.platform == "linux"
    cpython = platform.python_implementation() == "CPython"
    libc = " ".join(platform.libc_ver()).strip() or "unknown"
    return [
        Check("platform", linux, f"{platform.platform()}" if linux else f"{sys.platform}: children, journal and evidence need Linux", needed=True),
        Check("Python", cpython, f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})", needed=True),
        Check("C library", libc.startswith("glibc"), libc if libc.startswith("glibc") else f"{libc}: poison and unmap need glibc"),
        Check("kernel", good=True, told=platform.release()),
        Check("deadhand", good=True, told=f"{deadhand.__version__} ({Path(deadhand.__file__).parent})"),
    ]


def _modes() -> list[Check]:
    """Start a process in each mode and look there whether it looks."""
    from deadhand.worker.evidence import MODES, SANITIZER, available, environment

    checks = []
    for mode in MODES.values():
        why = available(mode.name)
        if why and mode.name == SANITIZER:
            continue  # nothing is missing: it is for those who ask for it
        if not why:
            child = environment(mode.name) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
            why = _ask(mode.name, child)
        checks.append(Check(f"evidence {mode.name}", not why, mode.summary if not why else f"blind: {why}"))
    return checks


def _ask(mode: str, environment: dict[str, str]) -> str:
    try:
        done = subprocess.run([sys.executable, "-c", _SELF_TEST, mode], env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    told = next((line.removeprefix("result:") for line in done.stdout.splitlines() if line.startswith("result:")), None)
    if told is None:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return f"the test process ended with {done.returncode}: {last}"
    return told


def _journal() -> Check:
    try:
        from deadhand import _native

        journal = _native.Journal.create(4096)
        journal.append(b"doctor")
        records, _, damage = journal.read()
        good = records == [b"doctor"] and damage is None
    except Exception as error:  # noqa: BLE001  whatever is wrong is the finding
        return Check("journal", good=False, told=f"{type(error).__name__}: {error}", needed=True)
    return Check("journal", good, f"works ({', '.join(f'{name} {value}' for name, value in _native.build_info().items())})" if good else "a record was not read back", needed=True)


def _children() -> Check:
    missing = [name for name in ("fork", "pidfd_open", "memfd_create") if not hasattr(os, name)]
    if not missing:
        try:
            os.close(os.pidfd_open(os.getpid()))
        except OSError as error:
            missing = [f"pidfd_open ({error.strerror})"]
    return Check("children", not missing, f"missing: {', '.join(missing)}" if missing else "fork, pidfd and sealed memory work", needed=True)


def _stacks() -> list[Check]:
    """Whether the stacks of a hung child can be taken: start one and take them."""
    from deadhand.worker.stacks import take_stacks

    scope_file = Path("/proc/sys/kernel/yama/ptrace_scope")
    scope = scope_file.read_text(encoding="ascii").strip() if scope_file.exists() else "not restricted"
    with subprocess.Popen([sys.executable, "-c", _SLEEP], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            began = time.monotonic()
            told = take_stacks(child.pid)
            spent = time.monotonic() - began
        finally:
            child.kill()
    good = "sleep" in told and not told.startswith("no stacks")
    why = told.splitlines()[-1][:200] if told else "it said nothing"
    return [
        Check("ptrace scope", scope in ("not restricted", "0", "1"), scope if scope in ("not restricted", "0", "1") else f"{scope}: children cannot be looked into"),
        Check("stacks of hangs", good, f"pystack attaches ({spent:.1f} s)" if good else f"pystack cannot attach: {why}; hangs are reported without stacks"),
    ]


def _versions() -> Check:
    found = [version for version in _VERSIONS if shutil.which(f"python{version}")]
    return Check("Python versions", good=True, told=", ".join(found) or "only this one")
