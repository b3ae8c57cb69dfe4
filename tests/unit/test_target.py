"""What a plan says is read as it was meant; what is wrong with it is told with file, line and remedy."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

import deadhand
from deadhand import Handle, Target, creates, disposes, hostile, invalidates, ledger, raises, unsafe, uses, works
from deadhand.errors import ExitCode, PlanError, TargetSkipped, UsageError
from deadhand.target.contract import must_raise
from deadhand.target.describe import describe
from deadhand.target.loader import expand, load, load_all, target_name
from deadhand.target.strategy_parts import offered_objects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deadhand.target.describe import Description

pytestmark = pytest.mark.timeout(60)

MADE = "@creates(box)\n            def make(self): return object()"


@pytest.mark.parametrize(
    ("body", "line", "said", "remedy"),
    [
        ("box = Handle()", 5, "the target has no operation", "@creates(kind)"),
        (f"box = Handle(); other = Handle()\n            {MADE}", 5, "handle kind 'other' is never created", "@creates(other)"),
        ("box = Handle()\n            @creates\n            def make(self): return 1", 7, "@creates needs the one handle kind it makes", "@creates(connection)"),
        ("a = Handle(); b = Handle()\n            @creates(a, b)\n            def make(self): return 1", 7, "@creates needs the one handle kind", "@creates"),
        (f"box = Handle()\n            {MADE}\n            @uses\n            def use(self, bix): pass", 9, "parameter 'bix' is neither a handle kind nor has a strategy", "name it after a handle kind (box), or give it a default: bix=st.integers()"),
        ("@uses\n            def use(self, x): pass", 6, "parameter 'x' is neither", "none is declared: name = Handle()"),
        (f"box = Handle()\n            {MADE}\n            @uses\n            def use(self, *boxes): pass", 9, "*boxes cannot be drawn", "boxes=st.lists(…)"),
        (f"box = Handle()\n            {MADE}\n            @uses\n            def use(self, **boxes): pass", 9, "*boxes cannot be drawn", "name each parameter"),
        (f"box = Handle()\n            {MADE}\n            @disposes\n            def end(self): pass", 9, "operation 'end' disposes of nothing", "@disposes(connection)"),
        (f"box = Handle()\n            {MADE}\n            @disposes(Handle())\n            def end(self): pass", 9, "names a handle kind that T does not have", "known kinds: box"),
        (f"box = Handle()\n            {MADE}\n            @reads\n            def read(self): pass", 9, "@reads reads no handle", "named after a handle kind (box)"),
        (f"box = Handle()\n            {MADE}\n            @identity\n            def who(self): pass", 9, "@identity reads no handle", "(box)"),
        (f"box = Handle(parent=Handle())\n            {MADE}", 5, "has a parent that is no kind of this target", "above its child"),
        (f"box = Handle()\n            {MADE}\n            @uses(triggers='no')\n            def use(self, box): pass", 9, "triggers 'no', which is no operation", "name one of: make, use"),
        (f"skip_hazards = {{'reenter': 'no callbacks'}}\n            box = Handle()\n            {MADE}", 5, "skip_hazards names 'reenter', which is no hazard", "did you mean 're-enter'?"),
        (f"skip_hazards = {{'drop': ' '}}\n            box = Handle()\n            {MADE}", 5, "skip_hazards['drop'] has no reason", "write why"),
    ],
)
def test_a_wrong_plan_is_told_with_line_and_remedy(plan_file: Callable[[str], Path], body: str, line: int, said: str, remedy: str) -> None:
    path = plan_file(f"class T(Target):\n            {body}\n".replace("            ", "    "))
    with pytest.raises(PlanError) as caught:
        load(str(path))
    first, _, second = str(caught.value).partition("\n  remedy: ")
    assert first.startswith(f"{path}:{line}: T: ")
    assert said in first
    assert remedy in second
    assert caught.value.exit_code == ExitCode.PLAN_ERROR


def test_everything_wrong_is_told_at_once(plan_file: Callable[[str], Path]) -> None:
    path = plan_file("class T(Target):\n    @creates\n    def make(self): pass\n    @uses\n    def use(self, x): pass\n    @disposes\n    def end(self): pass")
    with pytest.raises(PlanError) as caught:
        load(str(path))
    assert str(caught.value).count("remedy:") == 3


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("class T(Target:", PlanError, "plan.py:5: "),
        ("import no_such_library_at_all", TargetSkipped, "no_such_library_at_all is not installed"),
        ("1 / 0", PlanError, "plan.py:5: ZeroDivisionError"),
        ("x = 1", PlanError, "no class derives from deadhand.Target"),
        ("class T(Target):\n    module = 'no_such_library_at_all'\n    box = Handle()\n    @creates(box)\n    def make(self): pass", TargetSkipped, "no_such_library_at_all is not installed"),
        ("class T(Target):\n    box = Handle(after_dispose=ValueError)", PlanError, "plan.py:6: TypeError: Handle(after_dispose=…) takes raises(SomeError) or works"),
        ("class T(Target):\n    box = Handle(parent=3)", PlanError, "takes a Handle declared above it"),
        ("class T(Target):\n    box = Handle(threads='mine')", PlanError, '"any" or "creator"'),
        ("class T(Target):\n    box = Handle(after_dispose=raises())", PlanError, "takes one or more exception classes"),
        ("class T(Target):\n    box = Handle(after_dispose=raises('a.b'))", PlanError, "takes one or more exception classes"),
        ("class T(Target):\n    box = Handle(after_dispose=raises('Nope'))\n    @creates(box)\n    def make(self): pass", PlanError, "raises('Nope') names no exception of deadhand_plan_plan"),
        ("class T(Target):\n    box = Handle(after_dispose=raises(3))", PlanError, "takes one or more exception classes"),
        ("class T(Target):\n    @creates(3)\n    def make(self): pass", PlanError, "takes handle kinds declared in the class body"),
        ("class T(Target):\n    @uses(3)\n    def make(self): pass", PlanError, "@uses takes no positional argument, got (3,)"),
        ("class T(Target):\n    @unsafe\n    def make(self): pass", PlanError, '@unsafe("why") needs the reason'),
        ("class T(Target):\n    @unsafe('')\n    def make(self): pass", PlanError, "needs the reason"),
        ("class T(Target):\n    box = Handle()\n    @box\n    def make(self): pass", PlanError, "is a declaration, not a function; operations are decorated with @creates("),
    ],
)
def test_a_plan_that_cannot_be_imported_is_told(plan_file: Callable[[str], Path], text: str, error: type[Exception], said: str) -> None:
    path = plan_file(text)
    with pytest.raises(error) as caught:
        load(str(path))
    assert said in str(caught.value)
    assert "remedy:" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere/plan.py", "there is no such file"), ("no_such_module_at_all", "there is no module or file named"), ("{path}:Other", "no Target class named Other")],
)
def test_a_name_that_stands_for_nothing(plan_file: Callable[[str], Path], name: str, said: str) -> None:
    path = plan_file("class T(Target):\n    box = Handle()\n    @creates(box)\n    def make(self): pass")
    with pytest.raises(PlanError, match=said):
        load(name.format(path=path))


def test_folders_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.py", "a.py", "_c.py", "test_d.py", "conftest.py", "e.txt"):
        (tmp_path / name).touch()
    assert expand([str(tmp_path), "x"]) == [str(tmp_path / "a.py"), str(tmp_path / "b.py"), "x"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no plan"):
        expand([str(tmp_path / "empty")])
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match="no target was named"):
        expand([])


def test_exceptions_are_found_by_name_in_each_library(plan_file: Callable[[str], Path]) -> None:
    """One plan, derived for another module: what is named is that module's class, and the kinds stay themselves."""
    path = plan_file("""
        import decimal, queue
        class T(Target):
            module = queue
            box = Handle(after_dispose=raises("Full", ValueError), second_dispose=raises("Empty"))
            lid = Handle(parent=box)
            @creates(box)
            def make(self): return object()
            @creates(lid)
            def close(self, box): return object()
            @reads(after_dispose=raises("Full", or_works=True))
            def read(self, box): pass
        class U(T):
            module = type("library", (), {"Full": decimal.Overflow, "Empty": KeyError})
        """)
    t, u = load(str(path))
    assert t.kinds["box"].after_dispose.names == ("queue.Full", "builtins.ValueError")
    assert t.kinds["box"].second_dispose.names == ("_queue.Empty",)
    assert u.kinds["box"].after_dispose.names == ("decimal.Overflow", "builtins.ValueError")
    assert str(u.operations["read"].after_dispose) == "work or raise decimal.Overflow"
    assert u.parents("lid") == ("box",)
    assert u.operations["read"].handles[0].kind == "box"


def test_one_wrong_plan_does_not_hide_the_others(plan_file: Callable[..., Path]) -> None:
    good = plan_file("class T(Target):\n    box = Handle()\n    @creates(box)\n    def make(self): pass", "good")
    bad = plan_file("1 / 0", "bad")
    found, problems = load_all([str(bad), str(good)])
    assert [each.cls.__name__ for each in found] == ["T"]
    assert [each.name for each in problems] == [str(bad)]


def test_names_are_relative_where_they_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class T(Target):
        pass

    monkeypatch.chdir(tmp_path)
    assert target_name(str(tmp_path / "a" / "plan.py"), T) == "a/plan.py:T"
    assert target_name("/elsewhere/plan.py", T) == "/elsewhere/plan.py:T"
    assert target_name("package.plan", T) == "package.plan:T"


FULL = """
    class Base(Target):
        store = Handle(after_dispose=raises(KeyError))
        reader = Handle(parent=store)
        skip_hazards = {"drop": "it says so"}

        @creates(store)
        def make(self, size=st.integers(), label="plain"):
            return object()

        @creates(reader)
        def open(self, store):
            return object()

        @disposes
        def close(self, store):
            pass

        @disposes(reader)
        def close_all(self):
            pass

        @invalidates
        def clear(self, store, other: "store" = None):
            pass

        @identity
        def who(self, reader):
            return 1

        @ledger
        def alive(self):
            return 0

        def helper(self):
            pass

    class Derived(Base):
        grandchild = Handle(parent=(Base.reader, Base.store))

        @creates(grandchild)
        def make_one(self, reader, store_2: Base.store):
            return object()

        @uses(triggers=("close", "clear"), keeps=True, after_dispose=works)
        def call(self, store, callback: Reentry, again: Reentry = hostile.callback(st.just(3)), lent: Borrowed = st.binary()):
            pass

        @reads
        def read(self, anything: "grandchild"):
            return 1

        @unsafe("the manual says so")
        @uses
        def cast(self, store, kind=st.sampled_from([int, str])):
            pass
"""


def test_a_plan_is_read_as_it_was_meant(plan_file: Callable[[str], Path]) -> None:
    path = plan_file(FULL)
    [base, derived] = load(str(path))
    assert list(base.kinds) == ["store", "reader"]
    assert list(base.operations) == ["make", "open", "close", "close_all", "clear", "who"]
    assert base.ledgers == ("alive",)
    assert base.skip_hazards == {"drop": "it says so"}
    operations = derived.operations
    assert list(derived.kinds) == ["store", "reader", "grandchild"]
    assert list(operations) == [*base.operations, "make_one", "call", "read"]
    assert [(each.name, each.role) for each in operations["make"].parameters] == [("size", "value")]
    assert operations["close"].disposes == ("store",)
    assert operations["close_all"].disposes == ("reader",)
    assert operations["clear"].invalidates == ("reader", "grandchild")
    assert (operations["who"].reads, operations["who"].identity) == (True, True)
    assert (operations["read"].reads, operations["read"].identity) == (True, False)
    assert [each.kind for each in operations["make_one"].handles] == ["reader", "store"]
    assert [each.kind for each in operations["read"].handles] == ["grandchild"]
    assert [(each.name, each.role) for each in operations["call"].parameters] == [("store", "handle"), ("callback", "callback"), ("again", "callback"), ("lent", "borrowed")]
    assert (operations["call"].triggers, operations["call"].keeps, operations["call"].after_dispose) == (("close", "clear"), True, works)
    assert derived.parents("grandchild") == ("reader", "store")
    assert derived.lives_on("grandchild", "store")
    assert not derived.lives_on("store", "grandchild")
    assert [each.name for each in derived.creators("store")] == ["make"]
    assert derived.kinds["store"].after_dispose.names == ("builtins.KeyError",)
    [_, everything] = load(str(path), include_unsafe=True)
    assert everything.operations["cast"].unsafe == "the manual says so"
    assert everything.operations["cast"].parameters[1].offered == (int, str)


def test_an_overridden_method_is_no_operation_unless_marked_again(plan: Callable[..., Description]) -> None:
    target = plan(
        """
        class _Base(Target):
            box = Handle()

            @creates(box)
            def make(self):
                return 1

            @uses
            def use(self, box):
                return 1

        class T(_Base):
            def use(self, box):
                return 2
        """
    )
    assert list(target.operations) == ["make"]


def test_contracts_compare_by_name_and_bases() -> None:
    class MineError(ValueError):
        pass

    expected = raises(ValueError, or_works=True)
    names = tuple(f"{each.__module__}.{each.__qualname__}" for each in MineError.__mro__[:-1])
    assert expected.allows_exception(names)
    assert not raises(KeyError).allows_exception(names)
    assert must_raise.allows_exception(names)
    assert not must_raise.allows_exception(("builtins.KeyboardInterrupt", "builtins.BaseException"))
    assert str(expected) == "work or raise ValueError"
    assert str(raises(KeyError, ValueError)) == "raise KeyError or ValueError"
    assert works.may_return


@pytest.mark.parametrize("decorator", [creates, disposes, invalidates, ledger, uses, deadhand.reads, deadhand.identity])
def test_decorators_go_on_functions_only(decorator: Any) -> None:
    with pytest.raises(TypeError):
        decorator(3)
    kind = Handle()
    takes_kinds = decorator in (creates, disposes, invalidates)
    with pytest.raises(TypeError, match="goes on a method"):
        (decorator(kind) if takes_kinds else decorator())(3)


def test_marking_keeps_the_function() -> None:
    def function() -> int:
        return 7

    assert uses(unsafe("why")(function)) is function
    assert function() == 7


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@pytest.mark.parametrize(
    ("strategy", "offered"),
    [
        (st.integers(), ()),
        (st.sampled_from([1, "a", None]), ()),
        (st.sampled_from([int, 3, str]), (int, str)),
        (st.just(int) | st.just(len), (int, len)),
        (st.sampled_from(Colour), (Colour.RED, Colour.BLUE)),
        (st.lists(st.sampled_from([int]), max_size=2), (int,)),
        (st.tuples(st.just(int), st.none()), (int,)),
        (st.just((int, [len])), (int, len)),
        (st.just({"a": int}), (int,)),
        (st.sampled_from([int]).filter(bool), (int,)),
    ],
)
def test_objects_that_a_strategy_names_are_offered(strategy: st.SearchStrategy[Any], offered: tuple[object, ...]) -> None:
    assert offered_objects(strategy) == offered


@pytest.mark.parametrize("name", sorted(name for name, each in vars(hostile).items() if callable(each) and getattr(each, "__module__", "") == hostile.__name__ and name[0].islower() and name != "_spec"))
def test_every_hostile_strategy_draws_its_protocol(name: str) -> None:
    from deadhand.worker.hostile_values import CLASSES

    spec = _first(getattr(hostile, name)())
    assert spec.protocol == name
    assert name in CLASSES


def _first(strategy: st.SearchStrategy[Any]) -> Any:
    from hypothesis import find, settings

    return find(strategy, lambda _: True, settings=settings(database=None))


def test_a_target_offers_a_nonce_and_a_name() -> None:
    class T(Target):
        box = Handle()

        @creates(box)
        def make(self) -> int:
            return 1

    assert describe(T).name.endswith("T")
    assert describe(T, "a/b.py:T").slug == "a-b-py-T"
    assert [T().nonce() for _ in range(2)] == [1, 1]
    target = T()
    assert [target.nonce(), target.nonce()] == [1, 2]


def test_a_plan_may_say_itself_how_to_come_by_its_library(plan_file: Callable[[str], Path]) -> None:
    path = plan_file("raise ModuleNotFoundError('core_x is not built here: run native/foreign/build.py', name='core_x')")
    with pytest.raises(TargetSkipped, match=r"skipped, core_x is not built here\n  remedy: run native/foreign/build\.py"):
        load(str(path))
