"""Points in Python code at which a controlled schedule may switch threads: each line, and each call within it.

Native code gives its points by itself. Between two calls a wrapper written in Python only holds the GIL, and nothing
outside can see it: without these points "check, then use" in Python is one step. Only the modules that a plan names are
looked at, for each point is one more decision of the schedule.

From Python 3.12 on by `sys.monitoring`, which is for all threads at once; before, by tracing on each thread.
"""

from __future__ import annotations

import contextlib
import dis
import opcode
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import CodeType, FrameType, ModuleType

    from deadhand.target.describe import Description

_TOOL = "deadhand"
_MOST_TOOLS = 6
_CALLS = frozenset(number for name, number in opcode.opmap.items() if name.startswith("CALL"))


def source_files(modules: Sequence[ModuleType]) -> frozenset[str]:
    """The Python files of `modules` and of what is loaded below them; modules that are not Python have none."""
    files: set[str] = set()
    for module in modules:
        name = module.__name__
        for each, loaded in list(sys.modules.items()):
            if (each == name or each.startswith(f"{name}.")) and _is_source(loaded):
                files.add(str(loaded.__file__))
        if _is_source(module):
            files.add(str(module.__file__))
    return frozenset(files)


def files_of(target: Description) -> frozenset[str]:
    """The Python files in which a target has points: those its plan names and its library, but not the plan itself."""
    plan = sys.modules[target.cls.__module__]
    named: list[Any] = [*target.cls.points, target.cls.module]
    return source_files([each for each in named if each is not None and each is not plan])


def _is_source(module: Any) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).suffix == ".py"


class Points:
    """Calls `point` before each line and each call in `files`, on threads that are inside `watched`."""

    def __init__(self, files: frozenset[str], point: Callable[[], None]) -> None:
        self.files = files
        self.point = point
        self._tool = -1
        self._tracers: dict[int, tuple[CodeType, Any]] = {}

    def arm(self) -> str:
        """Begin to look; why that cannot be, or an empty string. Before 3.12 there is nothing to do."""
        if sys.version_info < (3, 12) or not self.files or self._tool >= 0:
            return ""
        monitoring = sys.monitoring
        free = next((number for number in range(_MOST_TOOLS) if monitoring.get_tool(number) is None), None)
        if free is None:
            return "all tools of sys.monitoring are taken: Python code is not looked into"
        monitoring.use_tool_id(free, _TOOL)
        self._tool = free
        events = monitoring.events
        monitoring.register_callback(free, events.LINE, self._on_event)
        monitoring.register_callback(free, events.CALL, self._on_event)
        monitoring.set_events(free, events.LINE | events.CALL)  # the whole process: set for one function while it runs, the first call has other points
        return ""

    def disarm(self) -> None:
        """Look no more."""
        if self._tool < 0:
            return
        if sys.version_info >= (3, 12):
            sys.monitoring.set_events(self._tool, 0)
            sys.monitoring.free_tool_id(self._tool)
        self._tool = -1

    def _on_event(self, code: CodeType, *_: object) -> Any:
        if code.co_filename in self.files:
            self.point()
        elif sys.version_info >= (3, 12):
            return sys.monitoring.DISABLE
        return None

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look at what this thread does inside."""
        if not self.files or sys.version_info >= (3, 12):
            yield
            return
        before = sys.gettrace()
        sys.settrace(self._on_frame)
        try:
            yield
        finally:
            sys.settrace(before)

    def _on_frame(self, frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if event != "call" or code.co_filename not in self.files:
            return None
        known = self._tracers.get(id(code))  # by identity: hashing a code object takes longer than all the rest
        if known is None:
            known = self._tracers[id(code)] = code, _tracer(code, self.point)
        return known[1]


def _tracer(code: CodeType, point: Callable[[], None]) -> Callable[[FrameType, str, object], Any]:
    """Calls `point` before each line of this code, and before each call in it. Only in lines that call is each instruction looked at."""
    calls, lines = set(), set()
    line = 0
    for each in dis.get_instructions(code):
        line = each.starts_line or line
        if each.opcode in _CALLS:
            calls.add(each.offset)
            lines.add(line)

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            frame.f_trace_opcodes = frame.f_lineno in lines
            point()
        elif event == "opcode" and frame.f_lasti in calls:
            point()
        return trace

    return trace
