"""`@subinterpreter` in a child: a second interpreter in this process imports the plan, does the steps inside one by one, and is ended.

Nothing passes between the two but text: a step goes in, and how it ended comes back through a pipe. See second_side.py.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from deadhand.model import history

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.target.describe import Description
    from deadhand.worker.node import Node
    from deadhand.worker.runtime import Runtime

_THREADS = "it has threads of its own"
_LEFT: list[Any] = []
"""Interpreters that could not be ended; before 3.13 one ends with its last id."""
_SIDE = Path(__file__).with_name("second_side.py").read_text(encoding="utf-8")


def _module() -> Any:
    """The interpreter's own module for sub-interpreters; its name and its calls are not stable, hence the next functions."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(name)
        except ImportError:  # noqa: PERF203  two names
            continue
    return None


_INTERPRETERS = _module()


class NoSecondInterpreter(Exception):  # noqa: N818  never seen by users
    """This Python has no sub-interpreters, or would not make one."""


class Second:
    """One second interpreter, in which the plan of `target` has been loaded, unless it refused: then `refused` says why."""

    def __init__(self, target: Description, folder: Callable[[], Path]) -> None:
        if _INTERPRETERS is None:
            raise NoSecondInterpreter("this Python has no sub-interpreters")
        self._keeps = all(kind.survives_exit for kind in target.kinds.values())
        self._read, self._write = os.pipe()
        try:
            self._id = _create()
        except Exception as error:  # the class differs from version to version
            self.close()
            raise NoSecondInterpreter(str(error)) from error
        order = {"answer": self._write, "plan": target.path, "class": target.cls.__name__, "folder": tempfile.mkdtemp(prefix="second-", dir=folder()), "module": target.cls.__module__}
        self._run(_SIDE + f"\nbegin({json.dumps(order)!r})")
        self.refused = self._answer()
        self._can_end = self.refused[1:] != [_THREADS]

    def perform(self, step: Any) -> list[Any]:
        """Do one step there. [] when it returned, ["skipped", why], or [class and bases, message]."""
        try:
            self._run(f"perform({msgspec.json.encode(step).decode()!r})")
        except RuntimeError as error:  # before 3.13 a text is refused while a thread of the interpreter's own runs
            self._can_end = False
            return ["skipped", str(error)]
        return self._answer() or []

    def end(self) -> None:
        """Tear the plan down there, and end the interpreter, with its open handles if the plan lets an interpreter end with them.

        One with threads of its own is left alone: to end it would wait for them, or be fatal.
        """
        _LEFT.append(self._id)
        with contextlib.closing(self), contextlib.suppress(RuntimeError):  # CPython refuses where it sees such threads first
            if self._can_end and not self.refused:
                self._run(f"finish(keep={self._keeps!r})")
                self._can_end = self._answer()[1:] != [_THREADS]
            if self._can_end:
                _INTERPRETERS.destroy(self._id)
                _LEFT.pop()

    def _run(self, text: str) -> None:
        if _INTERPRETERS.__name__ == "_interpreters":
            _INTERPRETERS.exec(self._id, text)
        else:
            _INTERPRETERS.run_string(self._id, text)

    def _answer(self) -> list[Any]:
        """What the last text left in the pipe; a text that could not even answer left nothing."""
        os.set_blocking(self._read, False)
        try:
            data = os.read(self._read, 1 << 16)
        except BlockingIOError:
            return [["builtins.RuntimeError"], "the second interpreter did not answer"]
        answer: list[Any] = json.loads(data)
        return answer

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._read)
        os.close(self._write)


def run_there(runtime: Runtime, nodes: tuple[Node, ...]) -> str:
    """Load the plan in a second interpreter, do `nodes` there, unless it refused, and end it. Returns why there is none, or an empty string.

    The page guard looks away meanwhile: an interpreter allocates so much that guarding it takes seconds, which would look like a hang.
    """
    guard = runtime.guard
    if guard is not None:
        guard.end()
    try:
        return _run_there(runtime, nodes)
    finally:
        if guard is not None:
            guard.begin(0, 0)


def _run_there(runtime: Runtime, nodes: tuple[Node, ...]) -> str:
    try:
        second = Second(runtime.target, runtime.workspace.folder)
    except NoSecondInterpreter as error:
        return str(error)
    try:
        for node in () if second.refused else nodes:
            runtime.note(history.BEGIN, node.number, node.step.thread)
            answer = second.perform(node.step)
            if not answer:
                made = node.step.out is not None
                runtime.note(history.RETURNED, node.number, None, None, "object" if made else None, False if made else None)
            elif answer[0] == "skipped":
                runtime.note(history.SKIPPED, node.number, answer[1])
            else:
                runtime.note(history.RAISED, node.number, answer[0], answer[1], False)
    finally:
        second.end()
    return ""


def _create() -> Any:
    """A second interpreter that shares the GIL: what has one of its own refuses most extensions before they can do wrong."""
    if _INTERPRETERS.__name__ == "_interpreters":
        return _INTERPRETERS.create("legacy")
    try:
        return _INTERPRETERS.create(isolated=False)
    except TypeError:
        return _INTERPRETERS.create()
