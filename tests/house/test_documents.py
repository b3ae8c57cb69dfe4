"""What the documents say is what the code does."""

from __future__ import annotations

import inspect
import re
import shlex
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
import typer

import deadhand
from deadhand import cli
from deadhand.errors import ExitCode
from deadhand.hazards import HAZARDS
from deadhand.oracles import ORACLES
from deadhand.settings import PREFIX, Settings
from deadhand.worker.evidence import MODES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FENCE = re.compile(r"^( *)(```+|~~~+)[^\n]*\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:python -m )?deadhand( .*|$)")
CLASSES = [f"MAD-{number:02}" for number in range(1, 32)]


@pytest.fixture(scope="module")
def pages(root: Path) -> dict[str, str]:
    """The documents, by name."""
    named = [root / "README.md", root / "CONTRIBUTING.md", root / "CHANGELOG.md", *sorted((root / "docs").glob("*.md"))]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in named if path.exists()}


@pytest.fixture(scope="module")
def verbs() -> dict[str, Any]:
    """The commands of the program itself, by name."""
    app = next(value for value in vars(cli).values() if isinstance(value, typer.Typer))
    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def _commands(text: str) -> Iterator[list[str]]:
    """Each use of the command in a page: lines of code fences, and code in running text, as words."""
    lines = [line.strip() for _, _, body in FENCE.findall(text) for line in body.splitlines()]
    lines += [" ".join(each.split()) for each in re.findall(r"`(deadhand [^`]+)`", FENCE.sub("", text), re.DOTALL)]
    for line in lines:
        for part in re.split(r"&&|\|\||;| \| ", line.partition("  #")[0]):
            found = COMMAND.match(part.strip())
            if found:
                yield shlex.split(found[1].replace("…", ""))


def test_documents_name_only_commands_that_exist(pages: dict[str, str], verbs: dict[str, Any]) -> None:
    seen = 0
    problems = []
    for name, text in pages.items():
        for words in _commands(text):
            seen += 1
            plain = [word for word in words if re.fullmatch(r"[a-z]+", word)]
            options = {word.partition("=")[0] for word in words if word.startswith("--")} - {"--help", "--version"}
            if not plain:
                continue
            if plain[0] not in verbs:
                problems.append(f"{name}: deadhand {' '.join(words)}: there is no verb {plain[0]}")
                continue
            known = {option for parameter in verbs[plain[0]].params for option in parameter.opts}
            if options - known:
                problems.append(f"{name}: deadhand {' '.join(words)}: there is no option {', '.join(sorted(options - known))}")
    assert seen, "no document uses the command at all: this test no longer sees how it is written"
    assert not problems, "\n".join(problems)


def test_reference_lists_every_verb_and_option(pages: dict[str, str], verbs: dict[str, Any]) -> None:
    text = pages["docs/reference.md"]
    missing = [verb for verb in verbs if not re.search(rf"^#+ .*`?deadhand {verb}\b", text, re.MULTILINE)]
    missing += [
        f"{verb} {option}"
        for verb, command in verbs.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option != "--help" and f"`{option}`" not in text
    ]
    assert not missing, f"docs/reference.md does not know: {missing}"


def test_exit_codes_are_one_table(pages: dict[str, str]) -> None:
    section = re.split(r"^## ", pages["docs/reference.md"], flags=re.MULTILINE)
    (codes,) = [each for each in section if each.lower().startswith("exit codes")]
    rows = {(int(code), name) for code, name in re.findall(r"^\| *`?(\d+)`? *\| *`?([A-Z_]+)`? *\|", codes, re.MULTILINE)}
    assert rows == {(code.value, code.name) for code in ExitCode}


def test_every_setting_is_documented(pages: dict[str, str]) -> None:
    rows = dict(re.findall(r"^\| `(DEADHAND_[A-Z_]+)` \| ([^|]+?) \|", pages["docs/reference.md"], re.MULTILINE))
    assert rows == {PREFIX + each.name.upper(): str(each.default) for each in fields(Settings)}


def test_every_class_has_its_section(pages: dict[str, str]) -> None:
    headings = re.findall(r"^## (MAD-\d\d) ", pages["docs/MAD.md"], re.MULTILINE)
    assert headings == CLASSES


@pytest.mark.parametrize("part", ["oracles", "evidence"])
def test_contract_names_every_oracle_and_mode(pages: dict[str, str], part: str) -> None:
    names = ORACLES if part == "oracles" else MODES
    rows = set(re.findall(r"^\| `([a-z]+)` \|", pages["docs/MAD.md"], re.MULTILINE))
    assert set(names) <= rows


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name.replace(" ", "-"))
def test_hazard_is_documented_and_tested(hazard: Any, pages: dict[str, str], tracked: list[Path], root: Path) -> None:
    assert hazard.summary
    assert any(hazard.name in text.lower() for name, text in pages.items() if name.startswith("docs/")), "no page of docs/ names it"
    tests = [path.read_text(encoding="utf-8") for path in tracked if path.suffix == ".py" and root / "tests" in path.parents and root / "tests" / "house" not in path.parents]
    words = {hazard.name, hazard.name.replace(" ", "_").replace("-", "_"), type(hazard).__name__}
    assert any(word in text for word in words for text in tests), f"no test outside tests/house mentions {sorted(words)}"


def test_how_to_add_a_target_is_complete(pages: dict[str, str]) -> None:
    """The page from which a stranger writes a plan has every name that a plan can use."""
    text = pages["docs/adding-a-target.md"]
    names = {f"`{name}" for name in deadhand.__all__} | {f"`@{name}" for name in deadhand.__all__}
    missing = [name for name in deadhand.__all__ if not any(each in text for each in names if each.lstrip("`@") == name)]
    protocols = [name for name, value in vars(deadhand.hostile).items() if inspect.isfunction(value) and not name.startswith("_")]
    missing += [f"hostile.{name}" for name in protocols if f"`hostile.{name}" not in text]
    for function in (deadhand.Handle, deadhand.creates, deadhand.uses, deadhand.reads, deadhand.raises):
        keywords = [each.name for each in inspect.signature(function).parameters.values() if each.kind is each.KEYWORD_ONLY or each.default is not each.empty]
        missing += [f"{function.__name__}({keyword}=…)" for keyword in keywords if f"`{keyword}" not in text and f"{keyword}=" not in text]
    missing += [f"Target.{name}" for name in vars(deadhand.Target) if not name.startswith("_") and f"`{name}" not in text and f"self.{name}" not in text]
    assert not missing, f"docs/adding-a-target.md says nothing of: {missing}"


def test_public_names_are_sorted_and_described() -> None:
    assert list(deadhand.__all__) == sorted(deadhand.__all__)
    silent = [name for name in deadhand.__all__ if name not in {"hostile", "works"} and not inspect.getdoc(getattr(deadhand, name))]
    assert not silent


def test_links_between_documents_lead_somewhere(pages: dict[str, str], root: Path) -> None:
    broken = []
    for name, text in pages.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)):
            path, _, anchor = link.partition("#")
            if path.startswith(("http://", "https://", "mailto:")):
                continue
            target = (root / name).parent / path if path else root / name
            if not target.exists():
                broken.append(f"{name}: {link}")
            elif anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text(encoding="utf-8")):
                broken.append(f"{name}: {link} (no such heading)")
    assert not broken


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
