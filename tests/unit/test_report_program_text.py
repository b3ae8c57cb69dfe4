"""The notation of programs is golden: reports, cases and documents use it."""

from deadhand.model.program import Blob, Hostile, Items, Lent, Number, Pick, Program, Ref, Step, Text
from deadhand.report.lanes import cell_text, lane_rows
from deadhand.report.program_text import program_lines, value_text

CONNECTION = Ref("connection_1")
CLOSE = Step("close", {"connection": CONNECTION})


def test_steps_and_what_runs_inside_them():
    program = Program((Step("connect", out="connection_1"), Step("call_back", {"connection": CONNECTION, "reenter": Hostile("callback", body=(CLOSE,))})))
    assert program_lines(program) == [
        "1  connection_1 = connect()",
        "2  call_back(connection_1, reenter=callback)",
        "     > 3  close(connection_1)",
    ]


def test_hazards_threads_and_the_ending():
    program = Program(
        (
            Step("@drop", {"handle": Ref("view_1")}),
            Step("@cycle", {"handle": Ref("view_1"), "other": CONNECTION}),
            Step("@collect"),
            Step("@touch", {"handle": Ref("view_1"), "how": "list"}),
            Step("@touch", {"handle": CONNECTION, "how": "view"}, out="view_2"),
            Step("@uninitialised", {"handle": CONNECTION}, out="connection_2"),
            Step("@pressure", {"operation": "connect", "times": 32}),
            Step("@pressure", {"operation": "open", "times": 20, "size": 7}),
            Step("@shortage", {"operation": "open", "from": 3, "times": 1, "size": 7}),
            Step("@shortage", {"operation": "execute", "from": 1, "times": 30, "connection": CONNECTION}),
            Step("@reinitialise", {"handle": CONNECTION}, thread=1),
            Step("execute", {"cursor": Ref("cursor_1"), "sql": "select 1"}, thread=1, stress=True),
            Step("close", {"connection": CONNECTION}, thread=2, overlap=True),
        ),
        "exit",
    )
    assert program_lines(program) == [
        " 1  @drop view_1",
        " 2  @cycle view_1 connection_1",
        " 3  @collect",
        " 4  @touch list(view_1)",
        " 5  view_2 = @touch view(connection_1)",
        " 6  @uninitialised connection_2 like connection_1",
        " 7  @pressure connect x32",
        " 8  @pressure open(size=7) x20",
        " 9  @shortage open(size=7): allocation 3 fails",
        "10  @shortage execute(connection_1): allocations 1 to 30 fail, one at a time",
        "11  thread 1: @reinitialise connection_1",
        "12  thread 1: execute(cursor_1, sql='select 1')  (collector at every allocation)",
        "13  together: thread 2: close(connection_1)",
        "    @exit  (interpreter exits with live handles)",
    ]


def test_two_hostile_values_in_one_call_say_which_one_runs_what():
    inner = Hostile("index", 1, body=(Step("f", {"x": Hostile("text", "a", body=(Step("@collect"),))}),))
    lines = program_lines(Program((Step("g", {"a": Hostile("equal", True, body=(CLOSE,)), "b": Items("list", (inner,))}),)))
    assert lines == [
        "1  g(a=equal(True), b=[index(1)])",
        "     > 2  in a: close(connection_1)",
        "     > 3  in b: f(x=text('a'))",
        "          > 4  @collect",
    ]


def test_values():
    assert value_text(Hostile("callback", 3, nth=3, raises=True, cycle=True, keep="kept_1")) == "callback(returns 3)[at call 3, raises, holds its handles (cycle), keeps kept_1]"
    assert value_text(Hostile("index", 7, nth=2, when="death")) == "index(7)[when it dies]"
    assert value_text(Blob(fill=0x78, size=200_000)) == "bytes(200000 x 0x78)"
    assert value_text(Blob("bytearray", hex="6162")) == "bytearray(b'ab')"
    assert value_text(Lent(Blob(hex="00ff"))) == r"lent b'\x00\xff'"
    assert value_text(Number("float", "nan")) == "nan"
    assert value_text(Pick(2, "type:Element")) == "Element"
    assert value_text(Pick(2, "dtype")) == "dtype#2"
    assert value_text(Text("edb280")) == r"'\udc80'"
    assert [value_text(Items(kind, (1, 2))) for kind in ("list", "tuple", "set", "frozenset", "dict")] == ["[1, 2]", "(1, 2)", "{1, 2}", "frozenset({1, 2})", "{1: 2}"]
    assert [value_text(Items(kind)) for kind in ("list", "tuple", "set", "frozenset", "dict")] == ["[]", "()", "set()", "frozenset()", "{}"]
    assert value_text(Items("tuple", (1,))) == "(1,)"
    assert len(value_text("x" * 500)) == 60


def test_lanes_put_steps_under_their_threads():
    program = Program((Step("connect", out="connection_1"), Step("run", {"x": Hostile("index", 1, body=(CLOSE,))}), Step("close", {"connection": CONNECTION}, thread=2, overlap=True)), "exit")
    threads, rows = lane_rows(program, bad=3)
    assert threads == [0, 2]
    assert [[(cell.thread, cell_text(cell)) for cell in row] for row in rows] == [
        [(0, "1  connection_1 = connect()")],
        [(0, "2  run(x=index(1))"), (0, "  > 3  close(connection_1)   <-- here"), (2, "4  close(connection_1)")],
        [(0, "@exit  (interpreter exits with live handles)")],
    ]
