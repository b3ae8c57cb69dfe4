"""Cases as items: each keeps the promise of its status, and `deadhand replay` gives the same answer."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytest_plugins = ["pytester"]


def replayed(project: Project) -> dict[str, tuple[bool, str]]:
    """What `deadhand replay corpus` says of each case: (ok, message)."""
    done = subprocess.run(
        [sys.executable, "-m", "deadhand", "replay", "corpus", "--format", "jsonl"], cwd=project.path, capture_output=True, text=True, timeout=90, check=False
    )
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {each["path"]: (each["ok"], each["message"]) for each in records}


def test_open_case_that_reproduces_passes_and_so_does_the_hunt(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    project.case(found)
    result = project.run("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "deadhand: 1 conformance test, 1 hunt, 1 case; *",
            "corpus/box-py-Boxes/known.json::open PASSED*",
            "*deadhand: known findings*",
            "box.py::Boxes::hunt: MAD-01 Use after dispose, open: corpus/box-py-Boxes/known.json",
        ]
    )
    assert project.cases() == ["known.json"]


def test_expected_case_passes_and_so_does_the_hunt(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    project.case(found | {"status": "expected"})
    result = project.run("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["corpus/box-py-Boxes/known.json::expected PASSED*", "box.py::Boxes::hunt: MAD-01 Use after dispose, expected: *"])


def test_open_case_that_no_longer_reproduces_fails(project: Project, found: dict[str, Any]) -> None:
    project.sound()
    project.case(found)
    result = project.run("corpus")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            'corpus/box-py-Boxes/known.json: open, but reproduced 0/3: if it was fixed, set "status": "fixed"',
            "  3  get(box_1)",
            "deadhand replay corpus/box-py-Boxes/known.json",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_fixed_case_passes_while_it_stays_fixed(project: Project, found: dict[str, Any]) -> None:
    project.sound()
    project.case(found | {"status": "fixed"})
    project.run("corpus").assert_outcomes(passed=1)


def test_fixed_case_that_comes_back_fails_and_so_does_the_hunt(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    project.case(found | {"status": "fixed"})
    result = project.run("-k", "not conformance")
    result.assert_outcomes(failed=2, deselected=1)
    result.stdout.fnmatch_lines(["*fixed, but it is back: reproduced 3/3"])
    result.stdout.fnmatch_lines(["corpus/box-py-Boxes/known.json says that this is fixed: it is back"])
    assert project.cases() == ["known.json"]


def test_case_that_cannot_be_run_is_an_error_by_name_and_the_rest_runs(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    project.case(found)
    project.case(json.dumps(found)[:200], "truncated.json")
    project.case("", "empty.json")
    project.case(found | {"format": 99}, "newer.json")
    project.case(found | {"target": "gone.py:Gone"}, "homeless.json")
    project.case(json.dumps(found).replace('"do": "get"', '"do": "peek"'), "renamed.json")
    result = project.run("corpus")
    result.assert_outcomes(passed=1, errors=5)
    for said in (
        "*truncated.json: not JSON: *",
        "*empty.json: not JSON: *",
        "*newer.json: written in format 99; *",
        "*homeless.json: its target cannot be loaded: *there is no such file",
        "*renamed.json: step 3 calls peek, which box.py:Boxes no longer has",
        "*remedy: the file is truncated or damaged; restore it, or delete it",
    ):
        result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_case_of_a_missing_library_is_skipped(project: Project, found: dict[str, Any]) -> None:
    project.plan("import no_such_library\n" + project.buggy().read_text(encoding="utf-8"))
    project.case(found)
    result = project.run("corpus", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no_such_library is not installed*"])


def test_replay_gives_the_same_answers(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    for status in ("open", "fixed", "expected"):
        project.case(found | {"status": status}, f"{status}.json")
    project.case("{", "torn.json")
    result = project.run("corpus", "-rA")
    result.assert_outcomes(passed=2, failed=1, errors=1)
    text = result.stdout.str()
    answers = replayed(project)
    assert {path.rpartition("/")[2]: ok for path, (ok, _) in answers.items()} == {"open.json": True, "fixed.json": False, "expected.json": True, "torn.json": False}
    for _, message in answers.values():
        assert message.splitlines()[0] in text


def test_corpus_elsewhere_and_pytest_in_a_subfolder(project: Project, found: dict[str, Any]) -> None:
    """Targets are named relative to the root folder, wherever pytest is started."""
    project.buggy()
    project.pytester.makeini("[pytest]\ndeadhand_corpus = kept\n")
    (project.path / "kept" / "deep").mkdir(parents=True)
    (project.path / "kept" / "deep" / "case.json").write_text(json.dumps(found), encoding="utf-8")
    (project.path / "kept" / "torn.json").write_text("{", encoding="utf-8")
    (project.path / "sub").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--deadhand-evidence=stock", "--deadhand-programs=60", "--rootdir=..", "-c", "../tox.ini", "-k", "not conformance", ".."],
        cwd=project.path / "sub",
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "1 failed, 1 passed, 1 deselected, 1 error" in done.stdout, done.stdout + done.stderr
    assert len(list((project.path / "kept" / "box-py-Boxes").glob("mad-01-*.json"))) == 1
    assert f"(in {project.path})" in done.stdout


def test_xdist_gives_the_same_outcome(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    project.case(found | {"status": "fixed"})
    project.case("{", "torn.json")

    def outcome(*arguments: str) -> set[str]:
        result = project.run("-rA", "--deadhand-no-save", *arguments)
        result.assert_outcomes(passed=1, failed=2, errors=1)
        return {line.partition(" - ")[0] for line in result.outlines if line.startswith(("PASSED ", "FAILED ", "ERROR ", "SKIPPED "))}

    assert outcome("-n", "2") == outcome("-p", "no:xdist")


def test_known_finds_are_told_through_xdist(project: Project, found: dict[str, Any]) -> None:
    project.buggy()
    project.case(found)
    result = project.run("-n", "2")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["box.py::Boxes::hunt: MAD-01 Use after dispose, open: corpus/box-py-Boxes/known.json"])
