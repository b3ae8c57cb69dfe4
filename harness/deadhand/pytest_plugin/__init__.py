"""pytest plugin: plans of attack and cases as test items.

pytest loads this everywhere, so it holds options and hooks only. What a file is, is decided by `detect`; items and all that
they need are imported when the first plan or case is collected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from deadhand.pytest_plugin.limits import Limits

MARKER = "deadhand"
KNOWN = "deadhand_known"
LIMITS: pytest.StashKey[Limits] = pytest.StashKey()


class PlanWarning(pytest.PytestWarning):
    """Something about a plan of attack that its author should know, and that is no failure."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, each with an ini setting of the same name; the option wins."""
    group = parser.getgroup("deadhand", "deadhand: lifetime bugs in native extensions")
    group.addoption("--deadhand-programs", type=int, metavar="N", help="programs in each hunt (default: 300)")
    group.addoption("--deadhand-seconds", type=float, metavar="S", help="longest time of each hunt (default: 120)")
    group.addoption("--deadhand-seed", type=int, metavar="N", help="seed of the random programs (default: 0)")
    group.addoption("--deadhand-evidence", metavar="MODES", help="evidence modes to rotate through, comma between (default: debug,poison,unmap,guard,stock)")
    group.addoption("--deadhand-corpus", metavar="FOLDER", help="where cases are kept (default: corpus, below the root folder)")
    group.addoption("--deadhand-no-save", action="store_true", help="keep no new case")
    parser.addini("deadhand_programs", "programs in each deadhand hunt", type="int", default=300)
    parser.addini("deadhand_seconds", "longest time of each deadhand hunt", type="float", default=120.0)
    parser.addini("deadhand_seed", "seed of deadhand's random programs", type="int", default=0)
    parser.addini("deadhand_evidence", "evidence modes that a deadhand hunt rotates through", default="")
    parser.addini("deadhand_corpus", "folder of deadhand's cases, relative to the root folder", default="corpus")


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; wrong ones end the session at once."""
    from deadhand.pytest_plugin.limits import read_limits

    config.addinivalue_line("markers", f"{MARKER}: a plan of attack or a case of deadhand; deselect them with -m 'not {MARKER}'")
    config.stash[LIMITS] = read_limits(config)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect plans and cases. A plan is no test module, not even when it is named on the command line."""
    collected = yield
    if file_path.suffix not in (".py", ".json"):
        return collected
    from deadhand.pytest_plugin import detect

    if file_path.suffix == ".py" and (plans := detect.plans(file_path)):
        from deadhand.pytest_plugin.items import PlanFile

        return [*[each for each in collected if type(each) is not pytest.Module], PlanFile.of(parent, file_path, plans)]
    if file_path.suffix == ".json" and detect.is_case(file_path, kept=_is_kept(file_path, parent)):
        from deadhand.pytest_plugin.items import CaseFile

        return [*collected, CaseFile.from_parent(parent, path=file_path)]
    return collected


def _is_kept(path: Path, parent: pytest.Collector) -> bool:
    """Whether a file lies where cases do, so that one that cannot be read is not passed over."""
    root = parent.config.rootpath
    above = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else path.parts[:-1]
    return "corpus" in above or path.is_relative_to(parent.config.stash[LIMITS].corpus) or parent.session.isinitpath(path)


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """One line when there is a plan or a case, and nothing otherwise."""
    ours = [each for each in items if each.get_closest_marker(MARKER) is not None]
    if not ours:
        return []
    counts = {"conformance test": sum(each.name == "conformance" for each in ours), "hunt": sum(each.name == "hunt" for each in ours)}
    counts["case"] = len(ours) - sum(counts.values())
    told = ", ".join(f"{number} {noun}{'s' if number > 1 else ''}" for noun, number in counts.items() if number)
    return [f"deadhand: {told}" + (f"; {config.stash[LIMITS].describe()}" if counts["hunt"] else "")]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Known findings of hunts that passed: green, but not clean."""
    reports = [each for every in terminalreporter.stats.values() for each in every if isinstance(each, pytest.TestReport) and each.when == "call"]
    told = [f"{report.nodeid}: {text}" for report in reports for name, text in report.user_properties if name == KNOWN]
    if told:
        terminalreporter.section("deadhand: known findings")
        for line in told:
            terminalreporter.write_line(line)
