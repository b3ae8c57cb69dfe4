"""What a hunt's reporters print, on made-up events."""

import io
import json

import msgspec
import pytest
from rich.console import Console

from deadhand.errors import UsageError
from deadhand.model.program import Hostile, Program, Ref, Step
from deadhand.report.base import reporter
from deadhand.report.causes import cause_lines
from deadhand.report.jsonl import JsonLines
from deadhand.report.plain import Plain
from deadhand.report.terminal import Terminal
from deadhand.search import events as e

TARGET = "strategies/sqlite3.py:Sqlite3"
PROGRAM = Program(
    (
        Step("connect", out="connection_1"),
        Step("call_back", {"reenter": Hostile("callback", body=(Step("close", {"connection": Ref("connection_1")}),)), "connection": Ref("connection_1")}),
    )
)


def found(**changes):
    record = {
        "target": TARGET,
        "mad": "MAD-14",
        "verdict": "VIOLATION",
        "signature": "MAD-14:death crash in call_back",
        "steps": 3,
        "threads": 1,
        "case": "corpus/my plan/mad-14.json",
        "reproduced": "10/10",
        "programs_to_first": 34,
        "oracle": "death",
        "symptom": "SIGSEGV",
        "detail": "the process died of SIGSEGV during step 2",
        "evidence": "stock",
    }
    return e.Found(**(record | changes))


TRACE = [
    "Fatal Python error: Segmentation fault",
    "",
    "Current thread 0x1 (most recent call first):",
    '  File "strategies/sqlite3.py", line 41 in call_back',
    '  File "/x/deadhand/worker/runtime.py", line 236 in _call',
    "Extension modules: _sqlite3 (total: 1)",
]
FLAKY = found(mad="", verdict="FLAKY", signature="s2", oracle="hang", symptom="hang", case="", reproduced="2/10", detail="nothing moved for 5 s in step 1; the process was killed", programs_to_first=1)
HUNT = [
    e.HuntStarted([TARGET, "b.py:B"], ["debug", "poison"], 7, 165.0, 1),
    e.TargetSkipped("lmdb.py", "lmdb.py: skipped, lmdb is not installed", "python -m pip install lmdb"),
    e.TargetFailed("c.py", "c.py:3: ValueError: no", "correct the line named above"),
    e.TargetStarted(TARGET, {"debug": "looks", "poison": "needs glibc"}, ["importing the library starts 2 thread(s)"]),
    e.Progress(TARGET, 10, 99.6, {"re-enter": 4}, 0, 0, 3661.0),
    e.Phase(TARGET, "minimising", "the process died of SIGSEGV during step 5"),
    e.FindingEvent(found(), PROGRAM, TRACE),
    e.FindingEvent(found(steps=2), PROGRAM, TRACE),
    e.FindingEvent(FLAKY, PROGRAM, []),
    e.Progress(TARGET, 1200, 310.5, {"re-enter": 400, "drop": 90}, 1, 2, 80.0),
    e.TargetDone(TARGET, 1500, 60.2, {"drop": 90, "re-enter": 500}, {"connect": {"none": 9}, "close": {"live": 3, "live+disposed": 1}, "execute": {"live": 1}, "trace": {}}, 2, 1, {"execute": ["disposed", "live"], "close": ["live", "disposed"]}),
    e.Summary([TARGET], [found(), FLAKY, found(known=True, signature="s3")], 1500, 61.0, ["lmdb.py"], ["c.py"], 7, interrupted=True),
]

PLAIN = """\
deadhand: hunting 2 targets for 2m 45s or 1 program per target; evidence debug, poison; seed 7
skipped: lmdb.py: skipped, lmdb is not installed
  remedy: python -m pip install lmdb
error: c.py:3: ValueError: no
  remedy: correct the line named above
target strategies/sqlite3.py:Sqlite3
  evidence looked: debug; poison could not (needs glibc)
  note: importing the library starts 2 thread(s)
  minimising: the process died of SIGSEGV during step 5

finding 1: MAD-14 Dispose from inside a callback
    1  connection_1 = connect()
    2  call_back(reenter=callback, connection=connection_1)
         > 3  close(connection_1)
  the process died of SIGSEGV during step 2
  target: strategies/sqlite3.py:Sqlite3
  evidence: stock; reproduced 10/10 alone in a fresh child; first after 34 programs
  | Fatal Python error: Segmentation fault
  | Current thread 0x1 (most recent call first):
  |   File "strategies/sqlite3.py", line 41 in call_back
  deadhand replay 'corpus/my plan/mad-14.json'


finding 2: unclassified: hang  (FLAKY)
    1  connection_1 = connect()
    2  call_back(reenter=callback, connection=connection_1)
         > 3  close(connection_1)
  nothing moved for 5 s in step 1; the process was killed
  target: strategies/sqlite3.py:Sqlite3
  evidence: stock; reproduced 2/10 alone in a fresh child; first after 1 program
  not kept: hunt without --no-save to get a case that replays

  1200 programs, 310/s, 1 finding, 2 unconfirmed, 1m 20s left
done strategies/sqlite3.py:Sqlite3: 1500 programs in 1m 00s
  hazards: re-enter 500, drop 90
  unconfirmed: 2 suspicions that did not repeat alone
  not looked into: 1 suspicion, for want of time; a longer --time would
  not tried: execute: never on a handle that is disposed
  not tried: trace: never called

summary
  MAD-14 Dispose from inside a callback: death crash in call_back, 3 steps, 10/10
    deadhand replay 'corpus/my plan/mad-14.json'
  unclassified: hang  (FLAKY): hang, 3 steps, 2/10
    not kept: hunt without --no-save to get a case that replays
  MAD-14 Dispose from inside a callback  (known): SIGSEGV, 3 steps, 10/10
    deadhand replay 'corpus/my plan/mad-14.json'
  evidence looked: debug; poison could not (needs glibc)
  skipped: lmdb.py: skipped, lmdb is not installed
  error: c.py:3: ValueError: no
2 findings and 1 known in 1500 programs of 1 target, 1m 01s, seed 7; 1 skipped; 1 could not be loaded; interrupted
"""


def test_plain_is_golden():
    stream = io.StringIO()
    clock = iter([0.0, 1.0, 12.0])
    report = Plain(stream, lambda: next(clock))
    for event in HUNT:
        report(event)
    report.close()
    assert stream.getvalue() == PLAIN


def test_json_lines_have_the_events_keys_and_the_summary_last():
    stream = io.StringIO()
    report = JsonLines(stream)
    for event in HUNT:
        report(event)
    report.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["started", "skipped", "error", "target", "progress", "phase", "finding", "finding", "finding", "progress", "done", "summary"]
    assert list(lines[-1]) == ["event", *e.Summary.__struct_fields__]
    assert list(lines[-1]["findings"][0]) == list(e.Found.__struct_fields__)
    assert list(lines[6]["program"]["steps"][1]["args"]) == ["reenter", "connection"]  # their order numbers the nested steps
    assert msgspec.json.decode(stream.getvalue().splitlines()[6], type=e.FindingEvent) == HUNT[6]


def test_terminal_says_the_same():
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True, color_system=None)
    report = Terminal(stream, console)
    for event in HUNT:
        report(event)
    report.close()
    text = stream.getvalue()
    assert text.count("─ MAD-14 Dispose from inside a callback ─") == 1
    for part in (
        "     > 3  close(connection_1)",
        "deadhand replay 'corpus/my plan/mad-14.json'\n",
        "poison could not (needs glibc)",
        "skipped: lmdb.py: skipped, lmdb is not installed",
        "not tried: trace: never called",
        "2 findings and 1 known in 1500 programs",
        "1200 programs, 310/s, 1 finding",
    ):
        assert part in text, part


def test_a_long_replay_line_is_not_broken():
    stream = io.StringIO()
    report = Terminal(stream, Console(file=stream, width=40))
    report(e.FindingEvent(found(case="corpus/" + "x" * 90 + ".json"), PROGRAM, []))
    report.close()
    assert "deadhand replay corpus/" + "x" * 90 + ".json\n" in stream.getvalue()


def test_rich_falls_back_to_plain_without_a_terminal():
    assert isinstance(reporter("rich", io.StringIO()), Plain)
    assert isinstance(reporter("plain", io.StringIO()), Plain)
    assert isinstance(reporter("jsonl", io.StringIO()), JsonLines)
    with pytest.raises(UsageError, match="no format named 'xml'"):
        reporter("xml", io.StringIO())


def test_finds_that_look_like_one_bug_are_told_together():
    inside = [found(mad="MAD-14", signature=f"MAD-14:death crash in {call}(row:index{{close box}})", symptom=name) for call, name in (("get", "SIGSEGV"), ("put", "SIGABRT"))]
    held = found(mad="MAD-06", oracle="liveness", symptom="cycle", signature="MAD-06:liveness cycle in keep(value:object&{})")
    gone = [found(mad="MAD-01", oracle="contract", symptom="returned", signature=f"MAD-01:contract returned in {call}(disposed)") for call in "abcdefgh"]
    assert cause_lines([*inside, held, *gone]) == [
        "11 findings have 3 likely causes:",
        "  8 x MAD-01 returned, on a handle that is disposed: a, b, c, d, e, f and 2 more",
        "  2 x MAD-14 crash, close box in the middle of a call: get, put",
    ]
    assert cause_lines([inside[0], held]) == []
