"""Plain data: values, programs and cases survive the round trip; what is no case is refused by name."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deadhand.errors import CaseError
from deadhand.model import history as H  # noqa: N812
from deadhand.model.case import FORMAT, STATUSES, Case, Environment, decode_case, schema
from deadhand.model.history import History, decode_record
from deadhand.model.program import (
    Blob,
    Hostile,
    Items,
    Lent,
    Number,
    Pick,
    Program,
    Ref,
    Step,
    Text,
    hostiles,
    refs,
    replace,
)
from deadhand.model.values import HostileSpec, NotPlain, encode_bytes, encode_value, is_plain, label_of
from deadhand.model.verdict import Verdict

pytestmark = pytest.mark.timeout(60)

NAMES = st.sampled_from(["box_1", "box_2", "part_1"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(st.characters()) | st.binary(max_size=40) | st.binary(max_size=9).map(bytearray),
    lambda inner: st.lists(inner, max_size=3)
    | st.lists(inner, max_size=3).map(tuple)
    | st.sets(st.integers(), max_size=3)
    | st.frozensets(st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=3) | st.tuples(st.integers()), inner, max_size=3),
    max_leaves=6,
)


def values(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Any]:
    """Every sort of value a program can hold."""
    leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    leaves |= NAMES.map(Ref) | st.builds(Blob, fill=st.integers(0, 255), size=st.integers(0, 9)) | st.binary(max_size=9).map(encode_bytes)
    leaves |= st.just(Number("int", str(2**70))) | st.just(Text("eda080")) | st.builds(Pick, st.integers(0, 9), st.text(max_size=3))
    hostile = st.builds(
        Hostile,
        protocol=st.sampled_from(["index", "callback", "file"]),
        value=leaves,
        nth=st.integers(1, 9),
        body=st.lists(steps, max_size=2).map(tuple),
        raises=st.booleans(),
        cycle=st.booleans(),
        keep=st.none() | NAMES,
        when=st.sampled_from(["call", "death"]),
    )
    return st.recursive(leaves | hostile, lambda inner: st.builds(Items, st.sampled_from(["list", "dict"]), st.lists(inner, max_size=3).map(tuple)) | st.builds(Lent, inner), max_leaves=4)


STEPS = st.deferred(
    lambda: st.builds(
        Step,
        do=st.sampled_from(["make", "use", "@collect"]),
        args=st.dictionaries(st.sampled_from(["a", "b"]), values(st.nothing() | STEPS), max_size=2),
        out=st.none() | NAMES,
        thread=st.integers(0, 2),
        overlap=st.booleans(),
        stress=st.booleans(),
    )
)
PROGRAMS = st.builds(Program, st.lists(STEPS, max_size=4).map(tuple), st.sampled_from(["collect", "exit"]))


def rebuild(value: Any) -> Any:
    """What the child makes of a value."""
    if isinstance(value, Items):
        items = [rebuild(item) for item in value.items]
        if value.kind == "dict":
            return dict(zip(items[::2], items[1::2], strict=True))
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[value.kind](items)
    return value.build() if isinstance(value, (Blob, Number, Text)) else value


def same(a: Any, b: Any) -> bool:
    """Equal, of the same type, nan equal to nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


@given(PLAIN)
@settings(deadline=None)
def test_a_drawn_value_survives_json(value: Any) -> None:
    step = Step(do="use", args={"value": encode_value(value)})
    again = Program.decode(Program((step,)).encode()).steps[0].args["value"]
    assert same(rebuild(again), value)
    assert is_plain(again)


@given(PROGRAMS)
@settings(deadline=None)
def test_a_program_survives_json(program: Program) -> None:
    again = Program.decode(program.encode())
    assert again == program
    assert again.encode() == program.encode()
    assert [number for number, _, _ in program.walk()] == list(range(1, program.size() + 1))


@given(PROGRAMS, st.sampled_from(STATUSES), st.text(max_size=9), st.integers(0, 99))
@settings(deadline=None)
def test_a_case_survives_its_file(program: Program, status: str, detail: str, step: int) -> None:
    case = Case(FORMAT, "plan.py:T", program, status=status, detail=detail, step=step, environment=Environment("3.11", "x", "1", {"a": "1"}))
    assert decode_case(case.encode(), "x.json") == case
    json.loads(case.encode())


def test_steps_are_numbered_in_writing_order() -> None:
    inner = Hostile("index", 1, body=(Step(do="d"),))
    outer = Hostile("callback", inner, body=(Step(do="b", args={"v": Hostile("callback", body=(Step(do="c"),))}),))
    program = Program((Step(do="a", args={"x": Items("list", (outer,)), "y": Lent(Hostile("index", body=(Step(do="e"),)))}), Step(do="f", thread=2)))
    assert [(number, step.do, inside) for number, step, inside in program.walk()] == [(1, "a", 0), (2, "b", 1), (3, "c", 2), (4, "d", 1), (5, "e", 1), (6, "f", 0)]
    assert program.size() == 6
    assert program.threads() == 2
    assert [each.protocol for each in hostiles(program.steps[0])] == ["callback", "index", "index"]


def test_refs_are_those_given_directly() -> None:
    nested = Hostile("callback", Ref("c"), body=(Step(do="x", args={"v": Ref("hidden")}),))
    step = Step(do="a", args={"p": Ref("a"), "q": Items("list", (Ref("b"), nested)), "r": Lent(Ref("d"))})
    assert list(refs(step)) == ["a", "b", "c", "d"]


def test_what_cannot_be_data_is_named() -> None:
    with pytest.raises(NotPlain, match=r"^object$"):
        encode_value(object())
    with pytest.raises(NotPlain, match=r"^range$"):
        encode_value([{"a": (range(3),)}])
    kinds = [int, Verdict.FLAKY]
    assert encode_value([Verdict.FLAKY], kinds) == Items("list", (Pick(1, "Verdict:FLAKY"),))
    assert label_of(int) == "type:int"
    assert label_of(3) == "int"


def test_offered_objects_are_found_by_identity_not_equality() -> None:
    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    first, second = Equal(), Equal()
    assert encode_value(second, [first, second]) == Pick(1, "Equal")


def test_hostile_specs_become_hostile_values() -> None:
    spec = HostileSpec("index", 2**70)
    assert encode_value([spec]) == Items("list", (Hostile("index", Number("int", str(2**70))),))
    assert not is_plain(encode_value(spec))
    assert repr(spec) == f"hostile.index({2**70})"


@pytest.mark.parametrize("value", [b"x" * 17, b"\0" * 200_000, bytearray(b"z" * 99)])
def test_runs_of_one_byte_are_short(value: bytes) -> None:
    blob = encode_bytes(value)
    assert blob.hex == ""
    assert same(blob.build(), value)
    assert len(msgspec.json.encode(blob)) < 70


def good(**changes: Any) -> bytes:
    return json.dumps({"format": FORMAT, "target": "p.py:T", "program": {"steps": [{"do": "a"}]}} | changes).encode()


@pytest.mark.parametrize(
    ("data", "said", "remedy"),
    [
        (b"", "not JSON", "truncated"),
        (good()[:-5], "not JSON", "truncated"),
        (b"\xff\xfe", "not JSON", "damaged"),
        (b"[" * 100_000, "not JSON", "damaged"),
        (b"[]", "it has no format number", "deadhand hunt"),
        (b'{"format": true}', "it has no format number", "deadhand hunt"),
        (good(format="1"), "it has no format number", "deadhand hunt"),
        (good(format=FORMAT + 1), f"written in format {FORMAT + 1}; this deadhand reads up to {FORMAT}", "--upgrade deadhand"),
        (b'{"format": 1}', "missing required field `target`", "schema"),
        (good(program={"steps": [{"do": 5}]}), r"Expected `str`, got `int` - at `\$.program.steps\[0\].do`", "schema"),
        (good(program={"steps": [{"do": "a", "args": {"x": {"t": "code"}}}]}), "Invalid value 'code'", "schema"),
        (good(status="closed"), "status 'closed' is not one of open, fixed, expected", '"status"'),
    ],
)
def test_what_is_no_case_is_refused_with_file_and_remedy(data: bytes, said: str, remedy: str) -> None:
    with pytest.raises(CaseError, match=said) as caught:
        decode_case(data, "folder/x.json")
    assert caught.value.message.startswith("folder/x.json: ")
    assert remedy in caught.value.remedy


def test_the_schema_accepts_what_is_written() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="a development dependency, 2026-11-21")
    case = Case(FORMAT, "p.py:T", Program((Step(do="a", args={"x": Hostile("index", Items("list", (Ref("b"),)), body=(Step(do="b"),))}),)))
    jsonschema.validate(json.loads(case.encode()), schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"format": 1, "target": 5}, schema())


@pytest.mark.parametrize("record", [b"", b"\xc1", msgspec.msgpack.encode(5), msgspec.msgpack.encode([]), msgspec.msgpack.encode([1]), msgspec.msgpack.encode({"a": 1})])
def test_a_record_that_a_child_spoilt_is_none(record: bytes) -> None:
    assert decode_record(record) is None
    assert decode_record(msgspec.msgpack.encode(["B", 1, 0])) == ["B", 1, 0]


def test_open_steps_and_phase() -> None:
    events: list[list[Any]] = [[H.PHASE, "steps"], [H.BEGIN, 1, 0], [H.BEGIN, 2, 0], [H.RETURNED, 2, None, None, None, None], [H.BEGIN, 3, 0], [H.BEGIN, 4, 1], [H.RAISED, 3, ["x"], "", False]]
    history = History(events, "stock")
    assert history.open_steps() == [1, 4]
    assert history.phase() == "steps"
    assert History([], "stock").phase() == "setup"


def test_verdicts_are_ordered() -> None:
    assert Verdict.PASS < Verdict.UNKNOWN < Verdict.FLAKY < Verdict.VIOLATION


def test_replace_copies() -> None:
    step = Step(do="a")
    assert replace(step, do="b") == Step(do="b")
    assert step == Step(do="a")


