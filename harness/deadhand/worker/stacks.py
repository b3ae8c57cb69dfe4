"""Native and Python stacks of a process that does not move, taken from outside before it is killed, cut to what matters."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import deadhand

_SECONDS = 8
_TRIES = (["--native-all"], ["--no-block"])
"""With native frames; if the process cannot be stopped for that, its Python frames alone, read while it runs."""

_THREAD = re.compile(r"Traceback for thread (\d+) (?:\(.*?\) )?\[(.*)\] \(most recent call last\):")
_FRAME = re.compile(r'\s+\((C|Python)\) File "(.*?)", line (\d+), in (.+)')
_LIBRARY = re.compile(r"\s*(?:\(inlined\) )?\((/.+)\)$")
_CLONED = re.compile(r"(\.(constprop|isra|part|cold|lto_priv|localalias)(\.\d+)?)+$")
"""What a compiler appends to the name of a function that it specialised or split."""

_HOUSE = str(Path(deadhand.__file__).parent) + "/"
_CREW = _HOUSE + "worker/threads.py"

_LOOP = re.compile(
    r"_?Py(Eval|Function|CFunction|Vectorcall|Object_(Call|Vectorcall|FastCall|MakeTpCall)|Run|_Main|_RunMain|_BytesMain)\w*"
    r"|_?PyObject_(Call|Vectorcall|FastCall|MakeTpCall)\w*|Py_(RunMain|BytesMain)|pymain_\w+|run_(mod|eval_code_obj)|builtin_exec\w*"
    r"|(method|slot|object|type|vectorcall|cfunction|classmethoddescr|wrapperdescr)_?(vectorcall|call|tp_call|method)\w*"
    r"|do_call_core|trace_call_function|_start|__libc_start\w*|__clone3?|clone3?|start_thread|pythread_wrapper|thread_run|\?\?\?"
)
"""Native functions that are in every stack: the interpreter's loop, its calls, the start of processes and threads."""


@dataclass(frozen=True)
class Frame:
    """One frame: `native` or Python, its function and file, and the source line if it is known."""

    native: bool
    function: str
    path: str
    line: int
    library: str = ""
    source: str = ""

    @property
    def is_house(self) -> bool:
        """Whether it is deadhand's own."""
        return self.path.startswith(_HOUSE)

    @property
    def is_noise(self) -> bool:
        """Whether it says nothing about the target."""
        if self.native:
            return _LOOP.fullmatch(self.function) is not None
        return self.is_house or self.path.startswith("<frozen") or Path(self.path).name == "runpy.py" or (Path(self.path).name == "threading.py" and self.function in ("_bootstrap", "_bootstrap_inner", "run"))

    def __str__(self) -> str:
        where = f"{Path(self.path).name}:{self.line}" if self.line else ""
        if self.native:
            where = ", ".join(part for part in (Path(self.library).name, where) if part and part != "???:0")
            return f"  native {self.function}{f' ({where})' if where else ''}"
        return f"  {where} in {self.function}{f': {self.source}' if self.source else ''}"


def is_loop(function: str) -> bool:
    """Whether a native function is in every stack."""
    return _LOOP.fullmatch(function) is not None


def take_stacks(pid: int) -> str:
    """The stacks of all threads of `pid` that matter, by pystack; where it cannot look, what the kernel says of them."""
    program = _pystack()
    if program is None:
        return "no stacks: pystack is not installed\n" + kernel_view(pid)
    why = ""
    for options in _TRIES:
        try:
            done = subprocess.run(
                [program, "--no-color", "remote", *options, str(pid)], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            why = "pystack took too long"
            continue
        if done.stdout.strip():
            return shorten(done.stdout)
        why = done.stderr.strip()[-300:]
    return f"no stacks: {why}\n{kernel_view(pid)}"


def forked(pid: int) -> list[int]:
    """The processes that `pid` has forked and that are still there, those that they have forked first."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):
            for child in map(int, listed.read_text(encoding="ascii").split()):
                found += [*forked(child), child]
    return found


def shorten(text: str) -> str:
    """Pystack's text without deadhand's frames, the interpreter's, and threads that only wait for others."""
    shown: list[str] = []
    for header, frames in parse(text):
        kept = _matter(frames)
        if kept:
            shown += [header, *[str(each) for each in kept]]
    return "\n".join(shown) or text.strip()


def parse(text: str) -> list[tuple[str, list[Frame]]]:
    """(header, frames) of each thread, the outermost frame first."""
    threads: list[tuple[str, list[Frame]]] = []
    for line in text.splitlines():
        thread, frame = _THREAD.match(line), _FRAME.match(line)
        if thread is not None:
            state = f" [{thread[2]}]" if thread[2] else ""
            threads.append((f"thread {thread[1]}{state}, most recent call last:", []))
        elif not threads:
            continue
        elif frame is not None:
            threads[-1][1].append(_frame(frame))
        elif line.strip() and threads[-1][1]:
            frames = threads[-1][1]
            frames[-1] = Frame(**{**frames[-1].__dict__, "source": line.strip()})
    return threads


def _frame(found: re.Match[str]) -> Frame:
    native, path, line, function = found[1] == "C", found[2], int(found[3]), found[4]
    library = ""
    if native:
        inside = _LIBRARY.search(function)
        library = inside[1] if inside is not None else ""
        function = function[: inside.start()] if inside is not None else function
        function = _CLONED.sub("", function.removesuffix(" (inlined)").partition("@@")[0].strip())
    return Frame(native, function, path, line, library)


def _matter(frames: list[Frame]) -> list[Frame]:
    """The frames that say something about the target; none for a thread in which deadhand waits for another."""
    last = max((at for at, each in enumerate(frames) if not each.native and each.is_house), default=-1)
    if last >= 0 and frames[last].path == _CREW and not any(not each.native and not _is_standard(each) for each in frames[last + 1 :]):
        frames = frames[:last]
    kept = [each for each in frames if not each.is_noise]
    return kept if last < 0 or kept else []


def _is_standard(frame: Frame) -> bool:
    return Path(frame.path).name in ("threading.py", "queue.py") and Path(frame.path).parent.name.startswith("python3")


def kernel_view(pid: int) -> str:
    """One line per thread: its state and where in the kernel it waits."""
    lines = []
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        try:
            state = (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            waits = (task / "wchan").read_text(encoding="utf-8").strip("0\n")
        except OSError:
            continue
        lines.append(f"thread {task.name}: state {state}{f', waits in {waits}' if waits else ''}")
    return "\n".join(lines)


def _pystack() -> str | None:
    beside = Path(sys.executable).with_name("pystack")
    return str(beside) if beside.exists() else shutil.which("pystack")
