"""A library built with AddressSanitizer: what it reports is read, classed and told. Run with its runtime preloaded: tox -e asan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deadhand.model.program import Program, Ref, Step
from deadhand.oracles import judge
from deadhand.target.loader import load
from deadhand.worker.evidence import available

if TYPE_CHECKING:
    from collections.abc import Callable

    from deadhand.target.describe import Description
    from deadhand.worker.controller import Lane

SPECIMENS = Path(__file__).resolve().parents[2] / "native" / "specimens"
BLOCK = {"block": Ref("block_1")}

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(available("sanitizer")), reason=f"{available('sanitizer')} (2026-11-27)"),
]


def program(kind: str) -> Program:
    return Program((Step("make", {"kind": kind}, "block_1"), Step("release", BLOCK), Step("use", BLOCK)))


@pytest.fixture(scope="module")
def instrumented(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Description]:
    folder = tmp_path_factory.mktemp("instrumented")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SPECIMENS))
        patch.setenv("DEADHAND_SPECIMENS", str(folder))
        for name in ("build", "shelf"):
            sys.modules.pop(name, None)
        from build import build

        build(folder, "address")
        yield lambda twin: load(f"{SPECIMENS / 'plans' / 'blocks.py'}:{twin}")[0]
    sys.modules.pop("shelf", None)


@pytest.mark.parametrize(("kind", "told"), [("read", "heap-use-after-free, READ of size 8 in block_use"), ("write", "heap-use-after-free, WRITE of size 8 in block_use"), ("free", "double-free in block_use")])
def test_a_report_is_told_with_its_three_places(instrumented: Callable[[str], Description], start_lane: Callable[..., Lane], kind: str, told: str) -> None:
    lane = start_lane(instrumented("Bug"), "sanitizer")
    assert lane.blind == ""
    (finding,) = judge(lane.target, program(kind), lane.run_one(program(kind)))
    assert f"AddressSanitizer: {told}" in finding.detail
    assert "; freed in let_go blocks.c:" in finding.detail
    assert "; allocated in block_new blocks.c:" in finding.detail
    assert (finding.oracle, finding.step, finding.mad) == ("death", 3, "MAD-01")


def test_the_fixed_twin_is_silent(instrumented: Callable[[str], Description], start_lane: Callable[..., Lane]) -> None:
    lane = start_lane(instrumented("Fixed"), "sanitizer")
    for kind in ("read", "write", "free"):
        assert not judge(lane.target, program(kind), lane.run_one(program(kind)))
