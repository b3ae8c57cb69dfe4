"""docs/reference.md says what is so."""

import functools
import operator
import re
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest
import typer

from deadhand.cli import app
from deadhand.errors import ExitCode
from deadhand.report.mad_titles import TITLES
from deadhand.search import events
from deadhand.search.matrix import SpecimenResult
from deadhand.settings import PREFIX, Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "reference.md").read_text(encoding="utf-8")
EVENTS = [value for value in vars(events).values() if isinstance(value, type) and issubclass(value, events.Event) and value is not events.Event]


def section(title):
    return re.split(r"^#{2,3} ", TEXT.partition(title)[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section(title).splitlines() if line.startswith("|")][2:]


def test_exit_codes_are_the_table():
    assert [(int(code), name) for code, name, _ in rows("## Exit codes")] == [(each.value, each.name) for each in ExitCode]


def test_exit_codes_mean_what_errors_say():
    source = (DOCS.parent / "harness/deadhand/errors.py").read_text(encoding="utf-8")
    said = dict(re.findall(r"(\w+) = \d+  # (.+)", source))
    assert {name: meaning for _, name, meaning in rows("## Exit codes")} == said


def test_environment_variables_are_the_settings():
    told = {name.strip("`"): default for name, default, _ in rows("## Environment variables")}
    assert told == {PREFIX + each.name.upper(): str(each.default) for each in fields(Settings)}


def test_every_verb_and_option_is_told():
    for name, command in typer.main.get_command(app).commands.items():
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        told = set(re.findall(r"^\| `(--[\w-]+)`", section(f"### `deadhand {name}"), re.MULTILINE))
        assert told == options - {"--help"}, name


def examples():
    return [line for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if '"event":"replayed"' not in line]


def test_every_event_has_an_example():
    decode = msgspec.json.Decoder(functools.reduce(operator.or_, [*EVENTS, SpecimenResult])).decode
    assert {type(decode(line)) for line in examples()} == {*EVENTS, SpecimenResult}
    for line in examples():
        assert msgspec.json.encode(decode(line)).decode() == line


def test_titles_are_those_of_the_contract():
    index = re.findall(r"^\| \[(MAD-\d\d)\]\([^)]*\) \| ([^|]+) \|", (DOCS / "MAD.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {number: title.strip() for number, title in index} == TITLES


@pytest.mark.parametrize("verb", ["hunt", "replay", "shrink", "show", "export", "doctor", "matrix"])
def test_the_verbs_are_there(verb):
    assert verb in typer.main.get_command(app).commands
