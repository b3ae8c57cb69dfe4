"""Points in Python code: where they are, and where they are not."""

from __future__ import annotations

import json
import sys
import types
from typing import TYPE_CHECKING

import pytest

from deadhand.errors import PlanError
from deadhand.worker.points import Points, files_of, source_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deadhand.target.describe import Description

SOURCE = """
def use(handle, native):
    if handle["open"]:
        return native(handle)
    return None


def in_one(handle, native): return native(handle) if handle["open"] else None


class Wrapper:
    def peek(self):
        return len("x")
"""


@pytest.fixture
def wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A wrapper in Python, as a plan's library would have it."""
    path = tmp_path / "a_wrapper.py"
    path.write_text(SOURCE, encoding="utf-8")
    module = types.ModuleType("a_wrapper")
    module.__file__ = str(path)
    exec(compile(SOURCE, str(path), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "a_wrapper", module)
    return module


def counted(files: frozenset[str], call: Callable[[], object]) -> int:
    """How many points a call has."""
    seen = [0]

    def point() -> None:
        seen[0] += 1

    points = Points(files, point)
    assert points.arm() == ""
    try:
        with points.watched():
            call()
        call()  # outside: before 3.12 no thread is looked at that did not ask for it
    finally:
        points.disarm()
    call()
    return seen[0]


def times() -> int:
    """How often `counted` makes a call that is looked at."""
    return 2 if sys.version_info >= (3, 12) else 1


def test_there_is_a_point_between_check_and_use(wrapper: types.ModuleType) -> None:
    """A handle that is closed at the last point but one is used all the same: the bug that the points are for."""
    found = []
    for at in range(1, 9):
        handle, seen = {"open": True}, [0]

        def point(handle: dict[str, bool] = handle, seen: list[int] = seen, at: int = at) -> None:
            seen[0] += 1
            if seen[0] == at:
                handle["open"] = False

        for function in (wrapper.use, wrapper.in_one):
            handle["open"], seen[0] = True, 0
            points = Points(source_files([wrapper]), point)
            assert points.arm() == ""
            try:
                with points.watched():
                    used = function(handle, lambda given: "dead" if not given["open"] else "alive")
            finally:
                points.disarm()
            found.append((function.__name__, used))
    assert ("use", "dead") in found
    assert ("in_one", "dead") in found, "a check and its use in one line have a point between them, too"
    assert ("use", None) in found, "and one before the check"


def test_only_the_named_modules_have_points(wrapper: types.ModuleType) -> None:
    files = source_files([wrapper])
    assert counted(files, lambda: wrapper.Wrapper().peek()) == 2 * times()  # its line, and the call of len
    assert counted(files, lambda: json.dumps([1, {"a": 2}])) == 0
    assert counted(frozenset(), lambda: wrapper.Wrapper().peek()) == 0


def test_a_package_brings_what_is_loaded_below_it() -> None:
    files = source_files([json])
    assert {path.rpartition("json")[2] for path in files} >= {"/__init__.py", "/decoder.py", "/encoder.py"}
    assert source_files([sys]) == frozenset(), "built-in modules have no Python lines"


def test_what_was_traced_before_is_traced_again(wrapper: types.ModuleType) -> None:
    def other(*_: object) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(other)
    try:
        with Points(source_files([wrapper]), lambda: None).watched():
            wrapper.Wrapper().peek()
        assert sys.gettrace() is other
    finally:
        sys.settrace(before)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in Python 3.12 (seen 2026-11-27)")
def test_no_free_tool_is_told_and_taken_from_nobody(wrapper: types.ModuleType) -> None:
    monitoring = sys.monitoring
    taken = [number for number in range(6) if monitoring.get_tool(number) is None]
    for number in taken:
        monitoring.use_tool_id(number, "somebody else")
    try:
        points = Points(source_files([wrapper]), lambda: None)
        assert "taken" in points.arm()
        points.disarm()
        assert all(monitoring.get_tool(number) == "somebody else" for number in taken)
    finally:
        for number in taken:
            monitoring.free_tool_id(number)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", set()),
        ("module = 'json'", {"/json/__init__.py", "/json/decoder.py"}),
        ("points = ('json.decoder',)", {"/json/decoder.py"}),
        ("points = (sys, types)\n    module = 'zlib'", {"/types.py"}),
    ],
    ids=["the plan itself has none", "the library", "named", "only what is Python"],
)
def test_where_a_target_has_points(plan: Callable[..., Description], lines: str, expected: set[str]) -> None:
    target = plan(f"import types, json.decoder\n\nclass T(Target):\n    {lines or 'module = None'}\n\n    @uses\n    def call(self):\n        pass\n")
    files = files_of(target)
    assert all(any(file.endswith(each) for file in files) for each in expected)
    assert bool(files) is bool(expected)


@pytest.mark.parametrize(
    ("value", "said"),
    [("'json'", "points is no tuple of modules"), ("('no_such_module_here',)", "points names no_such_module_here, which cannot be imported"), ("(1,)", "no tuple of modules")],
)
def test_wrong_points_are_told(plan: Callable[..., Description], value: str, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        plan(f"class T(Target):\n    points = {value}\n\n    @uses\n    def call(self):\n        pass\n")
    assert said in raised.value.message
    assert raised.value.remedy
