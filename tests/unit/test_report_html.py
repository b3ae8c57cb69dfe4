"""The HTML page of a case."""

from deadhand.model.case import FORMAT, Case
from deadhand.model.program import Hostile, Program, Ref, Step
from deadhand.report.html import show_html

CASE = Case(
    FORMAT,
    "plan.py:<script>alert(1)</script>",
    Program((Step("connect", {"name": "<b>"}, out="c_1"), Step("f", {"c": Ref("c_1"), "x": Hostile("index", 1, body=(Step("close", {"c": Ref("c_1")}),))}, thread=1))),
    mad="MAD-14",
    detail="died </p><img src=x>",
    step=3,
)


def test_one_page_that_needs_nothing_and_trusts_nothing():
    page = show_html(CASE, trace=["<frame>"], replay="deadhand replay x.json")
    assert "<script" not in page
    assert "<img" not in page
    assert "http" not in page
    assert "<link" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;frame&gt;" in page
    assert "MAD-14 Dispose from inside a callback" in page
    assert "<th>main thread</th><th>thread 1</th>" in page
    assert 'class="step inside bad"' in page
    assert "deadhand replay x.json" in page
