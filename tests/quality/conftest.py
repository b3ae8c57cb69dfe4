"""Which specimens are examined: all of them with `--whole`, else one of each class, the first that needs no exception, and the fixed twin of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="examine every specimen, not one of each class")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`planted`: specimens whose bug must be found; `specimen`: specimens whose fixed twin must be silent."""
    if metafunc.module.__name__.rpartition(".")[2] != "test_specimens":
        return
    table, demanded = metafunc.module.TABLE, metafunc.module.DEMANDED
    if not metafunc.config.getoption("--whole"):
        doubtful = metafunc.module.EXCEPTIONS  # those say less of the detector, and one is a minute of hangs
        first: dict[str, Any] = {}
        for each in sorted(demanded, key=lambda each: each["name"] in doubtful):
            first.setdefault(each["mad"], each)
        demanded = [each for each in demanded if first[each["mad"]] is each]
    for name, chosen in (("planted", demanded), ("specimen", table)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, chosen, ids=lambda each: f"{each['name']}-{each['mad']}")
