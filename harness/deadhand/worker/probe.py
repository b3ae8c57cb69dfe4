"""Import plans where it cannot hurt, before the parent imports them: a library may die, or hang, while it is imported."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from deadhand import _native
from deadhand.worker import strays

_EACH_SECONDS = 30.0


def deadly_imports(names: list[str], seconds: float = _EACH_SECONDS) -> dict[str, str]:
    """Which of `names` end or hang the process that imports them, with what happened; ordinary errors are left to the loader."""
    mark = strays.Mark.fresh()
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path), "PYTHONWARNINGS": "ignore", strays.VARIABLE: mark.text}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "deadhand.worker.probe", str(seconds), *names],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds * len(names) + 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(names, "importing it takes too long")
    finally:
        strays.kill_marked(mark)  # what an import left running
    said = (line.partition("\t") for line in done.stdout.splitlines() if "\t" in line)
    return {name: what for name, _, what in said if name in names}


def _try(name: str, seconds: float) -> str:
    """Import one plan in a fork; how that ended, or an empty string."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _native.set_parent_death_signal(signal.SIGKILL)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        with contextlib.suppress(BaseException):
            from deadhand.target.loader import load

            load(name, include_unsafe=True)
        os._exit(0)
    watched = os.pidfd_open(pid)
    until = time.monotonic() + seconds
    ready, _, _ = select.select([watched], [], [], max(0.0, until - time.monotonic()))
    os.close(watched)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not ready:
        return f"importing it took more than {seconds:g} s"
    if os.WIFSIGNALED(status):
        return f"importing it kills the process with {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.waitstatus_to_exitcode(status)
    return f"importing it exits the process with status {code}" if code else ""


def main() -> None:
    """`python -m deadhand.worker.probe SECONDS NAME…`: one line for each name whose import is deadly."""
    _native.set_parent_death_signal(signal.SIGKILL)
    import deadhand.target.loader  # noqa: F401  imported once, before the forks

    lines = [f"{name}\t{what}" for name in sys.argv[2:] if (what := _try(name, float(sys.argv[1])))]
    sys.stdout.write("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    main()
