"""Each of the 31 classes has an oracle that can see it, specimens in two technologies, and a test that names it."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from deadhand.oracles import ORACLES
from deadhand.report.mad_titles import TITLES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SPECIMENS = tomllib.loads((ROOT / "native" / "specimens" / "specimens.toml").read_text(encoding="utf-8"))["specimen"]
TECHNOLOGIES: dict[str, set[str]] = defaultdict(set)
for specimen in SPECIMENS:
    TECHNOLOGIES[specimen["mad"]].add(specimen["technology"])


def test_there_are_31() -> None:
    assert list(TITLES) == [f"MAD-{number:02}" for number in range(1, 32)]
    assert set(TECHNOLOGIES) <= set(TITLES)


@pytest.mark.parametrize("mad", TITLES)
def test_an_oracle_can_see_it(mad: str) -> None:
    (row,) = re.findall(rf"^\| \[{mad}\]\(.*$", (ROOT / "docs" / "MAD.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"`(\w+)`", row.rsplit("|", 2)[-2])
    assert named, "docs/MAD.md names no oracle for it"
    assert set(named) <= set(ORACLES)


@pytest.mark.parametrize("mad", TITLES)
def test_it_is_planted_in_two_technologies(mad: str) -> None:
    assert len(TECHNOLOGIES[mad]) >= 2, f"planted in {sorted(TECHNOLOGIES[mad])} only"


@pytest.mark.parametrize("mad", TITLES)
def test_the_classifier_is_tested_on_it(mad: str) -> None:
    """Hand-made histories of every class are in the tests of the oracles."""
    text = (ROOT / "tests" / "unit" / "test_oracles.py").read_text(encoding="utf-8")
    assert re.search(rf'\("\w+", "[^"]+", "{mad}", \d+\)|== \[[^]]*"{mad}"', text), "no history there is expected to be named so"


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda each: each["name"])
def test_a_specimen_says_what_it_is(specimen: dict[str, object]) -> None:
    """Class, mechanism, minimal program, threads and the public bug that it is modelled on, in its head."""
    name, folder = str(specimen["name"]), ROOT / "native" / "specimens"
    source = next(path for path in (folder / "c" / f"{name}.c", folder / "rust" / "src" / f"{name}.rs", folder / "rust-ctypes" / "src" / f"{name}.rs") if path.exists())
    head = source.read_text(encoding="utf-8")[:1500]
    for word in (str(specimen["mad"]), "Mechanism", "Program", "Threads", "Known minimum", "Model"):
        assert word.lower() in head.lower(), f"{source.name} does not say: {word}"
    assert re.match(r"https://\S+$", str(specimen["public_bug"]))
