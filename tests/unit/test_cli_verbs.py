"""The command line: what it says, and with which code it leaves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import deadhand
from deadhand import cli
from deadhand.cli import hunt, options
from deadhand.cli import replay as replay_verb
from deadhand.errors import CaseError, ExitCode, TargetSkipped, UsageError
from deadhand.model.case import FORMAT, Case, decode_case
from deadhand.model.program import Program, Ref, Step, replace
from deadhand.search import campaign
from deadhand.search import replay as search_replay
from deadhand.search.corpus import write_case
from deadhand.search.events import Found, HuntStarted, Summary
from deadhand.search.replay import Replayed

CASE = Case(FORMAT, "nowhere.py:Plan", Program((Step("connect", out="c_1"), Step("close", {"c": Ref("c_1")}))), mad="MAD-01", detail="it died", step=2)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summary(**changes):
    record = {"targets": ["t"], "findings": [], "programs": 1, "seconds": 1.0, "skipped": [], "errors": [], "seed": 1}
    return Summary(**(record | changes))


FOUND = Found("t", "MAD-01", "VIOLATION", "s", 1, 1, "c.json", "10/10", 1, "death", "SIGSEGV", "d", "stock")


def test_version_and_help(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"deadhand {deadhand.__version__}\n"
    for verb in ("hunt", "replay", "shrink", "show", "export", "doctor", "matrix"):
        assert cli.run([verb, "--help"]) == 0
        assert verb in capsys.readouterr().out


def test_help_imports_no_more_than_it_needs():
    heavy = "[name for name in sys.modules if name.startswith(('rich', 'jinja2', 'deadhand.search', 'deadhand.worker', 'deadhand.report'))]"
    done = subprocess.run([sys.executable, "-c", f"import sys, deadhand.cli; print({heavy})"], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hunt", "--time", "3x"], "--time '3x' is no time"),
        (["hunt", "--time", "0"], "--time '0' is no time"),
        (["hunt", "--evidence", "magic"], "no evidence mode named magic"),
        (["hunt", "--evidence", ","], "names no mode"),
        (["hunt", "--format", "xml"], "--format 'xml' is not known"),
        (["hunt", "--jobs", "0"], "--jobs 0: it must be at least 1"),
        (["hunt", "--programs", "-1"], "--programs -1"),
        (["hunt", "--seed", "x"], "--seed"),
        (["hunt", "--bogus"], "No such option"),
        (["replay", "--times", "0"], "--times 0"),
        (["replay", "nothing-here"], "there is no file or folder nothing-here"),
        (["bogus"], "bogus"),
        (["show"], "CASE"),
        (["matrix", "--format", "plain"], "--format 'plain' is not known"),
    ],
)
def test_wrong_options_are_told_and_give_2(here, capsys, arguments, said):
    assert cli.run(arguments) == ExitCode.USAGE
    streams = capsys.readouterr()
    assert said in streams.err
    assert not streams.out


def test_times():
    assert [options.seconds(text) for text in ("165", "30s", "3m", "1h", "1.5m")] == [165, 30, 180, 3600, 90]


def test_evidence_is_a_list():
    assert options.modes("stock, debug,stock") == ["stock", "debug"]


def test_a_setting_that_is_no_number(here, monkeypatch, capsys):
    monkeypatch.setenv("DEADHAND_BATCH", "many")
    assert cli.run(["hunt"]) == ExitCode.USAGE
    assert "DEADHAND_BATCH='many'" in capsys.readouterr().err


# --- hunt --------------------------------------------------------------------------------------------------------


def test_exit_codes_of_a_hunt(here):
    write_case(here / "e.json", replace(CASE, status="expected"))
    write_case(here / "o.json", CASE)
    known = [Found(**({name: getattr(FOUND, name) for name in FOUND.__struct_fields__} | {"known": True, "case": name})) for name in ("e.json", "o.json")]
    assert hunt.exit_code(summary()) == ExitCode.CLEAN
    assert hunt.exit_code(summary(findings=[FOUND], errors=["x"])) == ExitCode.FINDINGS
    assert hunt.exit_code(summary(findings=[known[0]])) == ExitCode.CLEAN
    assert hunt.exit_code(summary(findings=[known[1]])) == ExitCode.FINDINGS
    assert hunt.exit_code(summary(errors=["x"])) == ExitCode.PLAN_ERROR
    assert hunt.exit_code(summary(targets=[], skipped=["x"])) == ExitCode.NOTHING_RAN
    assert hunt.exit_code(summary(findings=[FOUND], interrupted=True)) == ExitCode.INTERRUPTED


def test_a_hunt_gets_its_options_and_keeps_its_output_clean(here, monkeypatch, capsys):
    seen = {}

    def fake(names, *, emit, **named):
        seen.update(named, names=names)
        sys.stdout.write("noise of a plan")
        emit(HuntStarted(names, [], 1, None, None))
        emit(summary())
        return summary()

    monkeypatch.setattr(campaign, "hunt", fake)
    code = cli.run(["hunt", "a.py", "b.py:B", "--time", "2m", "--programs", "9", "--seed", "5", "--evidence", "stock", "--jobs", "3", "--format", "jsonl", "--no-save", "--include-unsafe", "--mode", "serial"])
    streams = capsys.readouterr()
    assert code == 0
    assert [json.loads(line)["event"] for line in streams.out.splitlines()] == ["started", "summary"]
    assert "noise" in streams.err
    budget = seen.pop("budget")
    assert (budget.seconds, budget.programs) == (120, 9)
    seen.pop("settings")
    assert seen == {"names": ["a.py", "b.py:B"], "seed": 5, "modes": ["stock"], "corpus": None, "jobs": 3, "include_unsafe": True, "schedules": "serial"}


def test_a_plan_that_is_not_there(here, capsys):
    assert cli.run(["hunt", "nope.py", "--no-save"]) == ExitCode.PLAN_ERROR
    assert "nope.py: there is no such file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (UsageError("no", remedy="yes"), ExitCode.USAGE, "deadhand: no\n  remedy: yes"),
        (CaseError("no"), ExitCode.CASE_ERROR, "deadhand: no"),
        (ValueError("odd"), ExitCode.INTERNAL, "a defect of deadhand"),
    ],
)
def test_errors_become_text_in_one_place(here, monkeypatch, capsys, error, code, said):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(campaign, "hunt", fail)
    assert cli.run(["hunt"]) == code
    assert said in capsys.readouterr().err


# --- replay, shrink ----------------------------------------------------------------------------------------------


def replayed(*, ok=True, error=None, case=CASE):
    return Replayed(Path("x.json"), case, 1, 1, ok, "told", error)


def test_exit_codes_of_a_replay():
    skipped, broken = replayed(ok=False, error=TargetSkipped("x")), replayed(ok=False, error=CaseError("x"), case=None)
    assert replay_verb.exit_code([replayed()]) == ExitCode.CLEAN
    assert replay_verb.exit_code([replayed(ok=False), broken]) == ExitCode.FINDINGS
    assert replay_verb.exit_code([replayed(), broken]) == ExitCode.CASE_ERROR
    assert replay_verb.exit_code([replayed(), skipped]) == ExitCode.CLEAN
    assert replay_verb.exit_code([skipped]) == ExitCode.NOTHING_RAN


def test_a_broken_case_does_not_stop_the_others(here, capsys):
    (here / "corpus" / "t").mkdir(parents=True)
    (here / "corpus" / "t" / "broken.json").write_text("{", encoding="utf-8")
    write_case(here / "corpus" / "t" / "gone.json", CASE)
    assert cli.run(["replay"]) == ExitCode.CASE_ERROR
    out = capsys.readouterr().out
    assert "broken.json: not JSON" in out
    assert "gone.json: its target cannot be loaded: nowhere.py: there is no such file" in out
    assert out.endswith("0 of 2 cases as their status promises\n")


def test_replay_in_json_lines(here, monkeypatch, capsys):
    monkeypatch.setattr(search_replay, "replay_case", lambda path, **named: replayed())
    write_case(here / "a.json", CASE)
    assert cli.run(["replay", "a.json", "a.json", "--format", "jsonl"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert list(json.loads(line)) == ["event", "path", "target", "mad", "status", "reproduced", "runs", "ok", "message", "error"]


def test_an_empty_corpus_is_no_success(here, capsys):
    (here / "corpus").mkdir()
    assert cli.run(["replay"]) == ExitCode.USAGE
    assert "there is no case in corpus" in capsys.readouterr().err


def test_shrink_says_how_much(here, monkeypatch, capsys):
    write_case(here / "a.json", CASE)

    def fake(path, *, settings):
        smaller = replace(CASE, program=Program(CASE.program.steps[:1]))
        write_case(path, smaller)
        return smaller

    monkeypatch.setattr(search_replay, "shrink_case", fake)
    assert cli.run(["shrink", "a.json", "--output", "b.json"]) == 0
    assert capsys.readouterr().out == "b.json: from 2 to 1 steps\n    1  c_1 = connect()\n"
    assert decode_case((here / "a.json").read_bytes(), "a").program.size() == 2
    assert decode_case((here / "b.json").read_bytes(), "b").program.size() == 1


def test_a_failed_shrink_leaves_nothing(here, monkeypatch):
    write_case(here / "a.json", CASE)

    def fail(path, *, settings):
        raise CaseError("it does not reproduce")

    monkeypatch.setattr(search_replay, "shrink_case", fail)
    assert cli.run(["shrink", "a.json", "--output", "b.json"]) == ExitCode.CASE_ERROR
    assert [each.name for each in here.iterdir()] == ["a.json"]


# --- show, export, doctor ----------------------------------------------------------------------------------------


def test_show_needs_no_library(here, capsys):
    write_case(here / "a.json", CASE)
    assert cli.run(["show", "a.json"]) == 0
    assert capsys.readouterr().out == (
        "MAD-01 Use after dispose\n    1  c_1 = connect()\n    2  close(c_1)\nit died\n"
        "target: nowhere.py:Plan\nstatus: open\nverdict: VIOLATION\nevidence: stock\ndeadhand replay a.json\n"
    )
    assert cli.run(["show", "a.json", "--html", "a.html"]) == 0
    assert "Use after dispose" in (here / "a.html").read_text(encoding="utf-8")


def test_show_and_export_of_what_is_no_case(here, capsys):
    (here / "a.json").write_text('{"format": 99}', encoding="utf-8")
    assert cli.run(["show", "a.json"]) == ExitCode.CASE_ERROR
    assert "written in format 99" in capsys.readouterr().err
    assert cli.run(["export", "b.json"]) == ExitCode.CASE_ERROR


def test_export_writes_a_script_that_compiles(here, capsys):
    (here / "plan.py").write_text("from deadhand import *\nclass Plan(Target):\n    c = Handle()\n    @creates(c)\n    def connect(self):\n        return object()\n    @disposes\n    def close(self, c):\n        pass\n", encoding="utf-8")
    write_case(here / "a.json", replace(CASE, target="plan.py:Plan"))
    assert cli.run(["export", "a.json"]) == 0
    compile(capsys.readouterr().out, "script", "exec")
    assert cli.run(["export", "a.json", "--output", "s.py"]) == 0
    compile((here / "s.py").read_text(encoding="utf-8"), "script", "exec")


def test_doctor_examines_every_mode(capsys):
    code = cli.run(["doctor"])
    out = capsys.readouterr().out
    assert all(f"evidence {mode}" in out for mode in ("debug", "poison", "unmap", "guard", "stock"))
    assert code == (ExitCode.CLEAN if "hunting is possible" in out else ExitCode.UNSUPPORTED)


def test_the_module_is_the_program():
    done = subprocess.run([sys.executable, "-m", "deadhand", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"deadhand {deadhand.__version__}\n")
