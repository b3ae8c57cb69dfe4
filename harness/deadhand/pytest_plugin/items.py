"""Collectors and items: a plan is a conformance test and a hunt for each of its targets, a case is one item named by its status."""

from __future__ import annotations

import contextlib
import faulthandler
import os
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.errors import CaseError, DeadhandError, PlanError, TargetSkipped
from deadhand.pytest_plugin import KNOWN, LIMITS, MARKER, PlanWarning
from deadhand.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deadhand.pytest_plugin.detect import Plan
    from deadhand.pytest_plugin.limits import Limits
    from deadhand.target.describe import Description

_DEADLY: pytest.StashKey[dict[str, str]] = pytest.StashKey()
_CASE_RUNS = 3  # as `deadhand replay` does


class Broken(Exception):  # noqa: N818  what it says is for the reader of the report, and there it has no name
    """An item failed: the text is all there is to see."""


class Item(pytest.Item):
    """What plans and cases have in common: a short report, and no stop watch but deadhand's own."""

    def __init__(self, *, line: int = 1, problem: DeadhandError | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.line = line
        self.problem = problem
        self.add_marker(MARKER)
        if self.config.pluginmanager.hasplugin("timeout"):
            self.add_marker(pytest.mark.timeout(0))  # a child that hangs is deadhand's business, and often the finding
        if isinstance(problem, TargetSkipped):
            self.add_marker(pytest.mark.skip(reason=_one_line(problem)))

    def setup(self) -> None:
        """A plan or a case that cannot be used is an error, not a failed test."""
        if self.problem is not None:
            pytest.fail(str(self.problem), pytrace=False)

    def runtest(self) -> None:
        """Run it below the root folder: targets and cases are named relative to that."""
        faulthandler.cancel_dump_traceback_later()  # pytest's faulthandler_timeout: a hunt may take longer than a test should
        with at_root(self.config):
            try:
                self.attack()
            except TargetSkipped as skipped:
                pytest.skip(_one_line(skipped))

    def attack(self) -> None:
        """What this item is for. Raises Broken, or a DeadhandError, whose text is the report."""
        raise NotImplementedError

    def settings(self) -> Settings:
        """The limits from the environment."""
        try:
            return Settings.from_environment()
        except ValueError as error:
            raise Broken(str(error)) from None

    def say(self, text: str) -> None:
        """Add to the item's section of the report."""
        self.add_report_section("call", "deadhand", text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The text of what was found; no traceback of ours."""
        if isinstance(excinfo.value, (Broken, DeadhandError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the line (counted from 0) and the name in the report's headings."""
        place, *names = self.nodeid.split("::")
        return self.path, self.line - 1, f"{'.'.join(names)} ({place})"


class PlanFile(pytest.File):
    """A file with Target classes in it. It is imported when its classes are collected."""

    plans: list[Plan]

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, plans: list[Plan]) -> PlanFile:
        """The collector of `path`, in which `plans` were seen."""
        made: PlanFile = cls.from_parent(parent, path=path)
        made.plans = plans
        return made

    def collect(self) -> Iterator[PlanClass]:
        """One collector for each class, so that a wrong class does not hide the others."""
        for plan in self.plans:
            yield PlanClass.from_parent(self, name=plan.name, plan=plan)


class PlanClass(pytest.Collector):
    """One Target class."""

    def __init__(self, *, plan: Plan, **others: Any) -> None:
        super().__init__(**others)
        self.plan = plan

    def collect(self) -> Iterator[Item]:
        """A conformance test and a hunt; of a plan that cannot be loaded both say so, and what is beside it still runs."""
        target, problem = self.load()
        for kind, name in ((ConformanceItem, "conformance"), (HuntItem, "hunt")):
            yield kind.from_parent(self, name=name, line=self.plan.line, target=target, problem=problem)

    def load(self) -> tuple[Description | None, DeadhandError | None]:
        """The target, or why there is none."""
        from deadhand.target.loader import load

        try:
            with at_root(self.config):
                probe(self.config, str(self.path))
                return load(f"{self.path}:{self.plan.name}")[0], None
        except DeadhandError as error:
            return None, error
        except SystemExit as error:
            return None, PlanError(f"{self.path}: importing the plan calls exit({error.code!r})", remedy="a plan must import cleanly")
        except Exception as error:  # noqa: BLE001  an error while collecting would keep everything else from running
            return None, PlanError(f"{self.path}:{self.plan.line}: {self.plan.name}: {type(error).__name__}: {error}", remedy="correct what the class says; its strategies, for instance")


class PlanItem(Item):
    """An item of a Target class."""

    def __init__(self, *, target: Description | None, **others: Any) -> None:
        super().__init__(**others)
        self.target = target

    @property
    def limits(self) -> Limits:
        """Options and ini settings."""
        return self.config.stash[LIMITS]


class ConformanceItem(PlanItem):
    """Is the plan sound?"""

    def attack(self) -> None:
        from deadhand.search.conformance import check_plan
        from deadhand.worker.controller import Lane

        assert self.target is not None
        lane = Lane(self.target, "stock", self.settings())
        try:
            lane.start()
            problems = check_plan(self.target, lane, lambda sentence: self.warn(PlanWarning(sentence)))
        finally:
            lane.close()
        if problems:
            raise Broken("\n".join(problems))


class HuntItem(PlanItem):
    """A bounded hunt. It fails on what the corpus does not hold as open or expected."""

    def attack(self) -> None:
        from deadhand.pytest_plugin.hunting import hunt

        assert self.target is not None
        result = hunt(self.target, self.limits, self.settings(), root=self.config.rootpath, here=self.config.invocation_params.dir, item=self.nodeid)
        self.say("\n".join(result.told))
        self.user_properties += [(KNOWN, line) for line in result.known]
        for line in result.warnings:
            self.warn(PlanWarning(line))
        if result.failures:
            raise Broken("\n\n".join([result.headline(), *result.failures]))


class CaseFile(pytest.File):
    """One case."""

    def collect(self) -> Iterator[CaseItem]:
        """The case by the status that it promises to keep."""
        from deadhand.search.corpus import load_case

        try:
            with at_root(self.config):
                name, problem = load_case(_from_root(self.path, self.config)).status, None
        except CaseError as error:
            name, problem = "case", error
        yield CaseItem.from_parent(self, name=name, problem=problem)


class CaseItem(Item):
    """A case, replayed as `deadhand replay` does."""

    def setup(self) -> None:
        """Errors, as against failures, are those of a case that cannot be run at all."""
        super().setup()
        from deadhand.search.corpus import load_case
        from deadhand.search.replay import target_of

        with at_root(self.config):
            path = _from_root(self.path, self.config)
            try:
                case = load_case(path)
                probe(self.config, case.target.partition(":")[0])
                target_of(case, path)
            except TargetSkipped as skipped:
                pytest.skip(_one_line(skipped))
            except DeadhandError as error:
                pytest.fail(str(error), pytrace=False)

    def attack(self) -> None:
        from deadhand.search.replay import replay_case

        path = _from_root(self.path, self.config)
        result = replay_case(path, settings=self.settings(), times=_CASE_RUNS, mode=None)
        if result.error is not None:
            raise result.error
        self.say(result.message)
        if not result.ok:
            from deadhand.pytest_plugin.hunting import case_text

            raise Broken(case_text(result, root=self.config.rootpath, here=self.config.invocation_params.dir))


@contextlib.contextmanager
def at_root(config: pytest.Config) -> Iterator[None]:
    """In the root folder, wherever pytest was started."""
    before = os.getcwd()  # noqa: PTH109
    os.chdir(config.rootpath)
    try:
        yield
    finally:
        os.chdir(before)


def probe(config: pytest.Config, place: str) -> None:
    """Raise PlanError when importing the plan at `place` would end this process, or hang it. Each place is tried once."""
    from deadhand.worker.probe import deadly_imports

    known = config.stash.setdefault(_DEADLY, {})
    if place not in known:
        known[place] = deadly_imports([place]).get(place, "")
    if known[place]:
        raise PlanError(f"{place}: {known[place]}", remedy="import the library alone; a crash at import is its own bug")


def _from_root(path: Path, config: pytest.Config) -> Path:
    return path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path


def _one_line(error: DeadhandError) -> str:
    return f"{error.message}; remedy: {error.remedy}" if error.remedy else error.message
