"""Find targets by name: `path.py[:Class]`, `module[:Class]`, or a folder of plans."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from deadhand.errors import DeadhandError, PlanError, TargetSkipped, UsageError
from deadhand.target.describe import Description, describe
from deadhand.target.target import Target


@dataclass(frozen=True)
class Problem:
    """A target that could not be loaded: the others still run."""

    name: str
    error: DeadhandError


def expand(names: list[str] | tuple[str, ...]) -> list[str]:
    """Names of plans, folders replaced by the plan files in them. None given means `./strategies`.

    Raises UsageError when a folder does not exist or holds no plan.
    """
    expanded: list[str] = []
    for name in names or ["strategies"]:
        path = Path(name)
        if path.is_dir():
            plans = [str(each) for each in sorted(path.glob("*.py")) if not each.name.startswith(("_", "test_", "conftest"))]
            if not plans:
                raise UsageError(f"the folder {name} holds no plan of attack", remedy="add a *.py file with a deadhand.Target class; see docs/adding-a-target.md")
            expanded += plans
        elif not names:
            raise UsageError("no target was named and there is no folder ./strategies", remedy="name one: deadhand hunt path/to/plan.py[:Class]")
        else:
            expanded.append(name)
    return expanded


def load(name: str, *, include_unsafe: bool = False) -> list[Description]:
    """The targets that `name` stands for. Raises PlanError, TargetSkipped (library missing) or UsageError."""
    place, _, wanted = name.partition(":")
    module = _load_module(place)
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Target)
        and value is not Target
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]
    if wanted:
        classes = [each for each in classes if each.__name__ == wanted]
        if not classes:
            raise PlanError(f"{place}: there is no Target class named {wanted}", remedy="check the name after the colon")
    if not classes:
        raise PlanError(f"{place}: no class derives from deadhand.Target", remedy="write class MyLibrary(Target): …; see docs/adding-a-target.md")
    descriptions = []
    for cls in classes:
        _require_library(cls)
        _find_points(cls)
        descriptions.append(describe(cls, target_name(place, cls), include_unsafe=include_unsafe))
    return descriptions


def load_all(names: list[str], *, include_unsafe: bool = False) -> tuple[list[Description], list[Problem]]:
    """Every target of every name, and what could not be loaded."""
    found: list[Description] = []
    problems: list[Problem] = []
    for name in names:
        try:
            found += load(name, include_unsafe=include_unsafe)
        except DeadhandError as error:  # noqa: PERF203  one wrong plan must not hide the others
            problems.append(Problem(name, error))
    return found, problems


def target_name(place: str, cls: type[Target]) -> str:
    """How a target is named in reports and cases: `path.py:Class`, relative to the current folder where it can be."""
    if place.endswith(".py"):
        path = Path(place).resolve()
        try:
            place = path.relative_to(Path.cwd()).as_posix()
        except ValueError:
            place = path.as_posix()
    return f"{place}:{cls.__name__}"


def _load_module(place: str) -> ModuleType:
    if place.endswith(".py") or "/" in place:
        return _load_file(Path(place))
    if "." not in sys.path and "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(place)
    except Exception as error:
        raise _as_problem(place, error) from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise PlanError(f"{path}: there is no such file", remedy="check the path; a target is path.py[:Class] or module[:Class]")
    source = path.resolve()
    name = f"deadhand_plan_{source.stem}_{hashlib.sha256(str(source).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        raise PlanError(f"{path}: Python cannot load this file", remedy="a plan is a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name, None)
        if isinstance(error, Exception):
            raise _as_problem(str(path), error) from error
        raise
    return module


def _as_problem(place: str, error: Exception) -> DeadhandError:
    if isinstance(error, DeadhandError):
        return error
    if isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] != "deadhand":
        if error.name == place:
            return PlanError(f"there is no module or file named {place}", remedy="a target is path.py[:Class] or module[:Class]")
        what, told, remedy = str(error).partition(": ")
        if told and not what.startswith("No module named"):  # a plan that knows better how to come by its library
            return TargetSkipped(f"{place}: skipped, {what}", remedy=remedy)
        return TargetSkipped(f"{place}: skipped, {error.name} is not installed", remedy=f"python -m pip install {error.name}")
    if isinstance(error, SyntaxError):
        return PlanError(f"{error.filename}:{error.lineno}: {error.msg}", remedy="correct the syntax of the plan")
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "importlib" not in each.filename]
    where = next((f"{each.filename}:{each.lineno}" for each in reversed(frames) if place in each.filename or Path(place).name in each.filename), place)
    return PlanError(f"{where}: {type(error).__name__}: {error}", remedy="the plan must import cleanly; correct the line named above")


def _require_library(cls: type[Target]) -> None:
    library = cls.module
    if isinstance(library, str):
        try:
            cls.module = importlib.import_module(library)
        except ImportError as error:
            raise TargetSkipped(f"{cls.__qualname__}: skipped, {library} is not installed", remedy=f"python -m pip install {library}") from error
    elif library is None:
        cls.module = sys.modules.get(cls.__module__)


def _find_points(cls: type[Target]) -> None:
    """Put modules in place of their names in `points`."""
    if isinstance(cls.points, str) or not all(isinstance(each, (str, ModuleType)) for each in cls.points):
        raise PlanError(f"{cls.__qualname__}: points is no tuple of modules", remedy='write points = ("mylib.wrapper",)')
    cls.points = tuple([_point_module(cls, each) for each in cls.points])


def _point_module(cls: type[Target], named: str | ModuleType) -> ModuleType:
    if isinstance(named, ModuleType):
        return named
    try:
        return importlib.import_module(named)
    except ImportError as error:
        raise PlanError(f"{cls.__qualname__}: points names {named}, which cannot be imported: {error}", remedy="name modules that are written in Python") from error
