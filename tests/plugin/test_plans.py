"""Plans as items: a conformance test and a hunt for each target, errors that name cause and remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytest_plugins = ["pytester"]


def test_sound_plan_passes(project: Project) -> None:
    project.sound()
    result = project.run("-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["deadhand: 1 conformance test, 1 hunt; 60 programs or 120 s each, seed 0, evidence stock", "box.py::Boxes::conformance PASSED*", "box.py::Boxes::hunt PASSED*"])
    assert project.cases() == []


def test_bug_fails_the_hunt_with_program_and_replay_line_and_is_kept(project: Project) -> None:
    project.buggy()
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    (kept,) = project.cases()
    result.stdout.fnmatch_lines(
        [
            "*Boxes.hunt (box.py)*",
            "1 new find: MAD-01",
            "MAD-01 Use after dispose",
            "  1  box_1 = make()",
            "  2  close(box_1)",
            "  3  get(box_1)",
            "step 3 returned although box_1 was disposed of by step 2*",
            "evidence: stock; reproduced 10/10 alone in a fresh child*",
            f"kept as corpus/box-py-Boxes/{kept}",
            f"deadhand replay corpus/box-py-Boxes/{kept}",
            "FAILED box.py::Boxes::hunt - 1 new find: MAD-01",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin*")


def test_no_save_keeps_nothing_and_says_how_to_see_it_again(project: Project) -> None:
    project.buggy()
    result = project.run("-k", "hunt", "--deadhand-no-save")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["not kept (--deadhand-no-save); to see it again: pytest box.py::Boxes::hunt --deadhand-seed 0 --deadhand-programs 60"])
    assert project.cases() == []


def test_syntax_error_is_an_error_with_its_line_and_the_rest_runs(project: Project) -> None:
    project.sound()
    project.plan("from deadhand import Target\n\nclass Torn(Target):\n    box = = 1\n", "torn.py")
    result = project.run("-k", "not hunt")
    result.assert_outcomes(passed=1, errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*torn.py:4: invalid syntax*", "*remedy: correct the syntax of the plan"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_unknown_handle_parameter_is_an_error_with_file_line_and_remedy(project: Project) -> None:
    path = project.plan(project.sound().read_text(encoding="utf-8").replace("def get(self, box)", "def get(self, bax)"), "odd.py")
    line = next(number for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "@uses" in text)
    result = project.run("-k", "not hunt")
    result.assert_outcomes(passed=1, errors=1, deselected=2)
    result.stdout.fnmatch_lines(
        [f"*odd.py:{line}: Boxes: operation 'get': parameter 'bax' is neither a handle kind nor has a strategy", "*remedy: name it after a handle kind (box), or give it a default: bax=st.integers()"]
    )


def test_broken_plan_fails_its_hunt_too(project: Project) -> None:
    """Who runs hunts only must not see green because there is none."""
    project.plan("from deadhand import Handle, Target\n\nclass Empty(Target):\n    box = Handle()\n")
    result = project.run("-k", "hunt")
    result.assert_outcomes(errors=1, deselected=1)


def test_plan_that_calls_exit_does_not_end_the_session(project: Project) -> None:
    project.plan(project.sound().read_text(encoding="utf-8").replace("class Boxes", "raise SystemExit(3)\n\n\nclass Boxes"), "leaving.py")
    result = project.run("-k", "not hunt")
    result.assert_outcomes(passed=1, errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*leaving.py*importing the plan calls exit(3)*"])


def test_plan_whose_import_kills_does_not_end_the_session(project: Project) -> None:
    project.plan(project.sound().read_text(encoding="utf-8").replace("class Boxes", "import os\n\nos.abort()\n\n\nclass Boxes"), "deadly.py")
    result = project.run("-k", "not hunt")
    result.assert_outcomes(passed=1, errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*deadly.py: importing it kills the process with SIGABRT", "*remedy: import the library alone; a crash at import is its own bug"])


@pytest.mark.parametrize(
    ("old", "new"),
    [('"""Plan of attack on boxes."""', "import no_such_library"), ("    box = Handle()", '    module = "no_such_library"\n    box = Handle()')],
    ids=["imported", "named"],
)
def test_missing_library_is_skipped_with_reason(project: Project, old: str, new: str) -> None:
    project.plan(project.sound("other.py").read_text(encoding="utf-8").replace(old, new), "box.py")
    result = project.run("-k", "box.py or conformance", "-rs")
    result.assert_outcomes(passed=1, skipped=2, deselected=1)
    result.stdout.fnmatch_lines(["SKIPPED * box.py:*no_such_library is not installed; remedy: python -m pip install no_such_library"])


def test_wrong_class_does_not_hide_the_one_beside_it(project: Project) -> None:
    path = project.sound()
    path.write_text(path.read_text(encoding="utf-8") + "\n\nclass Wrong(Boxes):\n    @uses\n    def odd(self, what): ...\n", encoding="utf-8")
    result = project.run("-k", "not hunt")
    result.assert_outcomes(passed=1, errors=1, deselected=2)
    result.stdout.fnmatch_lines(["ERROR box.py::Wrong::conformance*"])


# --- conformance -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("        return Box()", '        raise OSError("no boxes")', "*no live handle of the kind 'box' could be made: 'make' never returned in * the last one raised OSError: no boxes*"),
        ("        return Box()", "        return None", "*no live handle of the kind 'box' could be made: 'make' returned None in each of *"),
        ("    @uses\n", "    def setup(self):\n        raise OSError('no server')\n\n    @uses\n", "*box.py: setup() raised OSError: no server"),
        ("    @uses\n", "    def teardown(self):\n        raise OSError('gone')\n\n    @uses\n", "*box.py: teardown() raised OSError: gone"),
        ("    @uses\n", "    @ledger\n    def alive(self):\n        raise OSError('no count')\n\n    @uses\n", "*box.py: setup(), or the ledger alive(), raised OSError: no count"),
        (
            "    @uses\n",
            "    ending = False\n\n    def teardown(self):\n        self.ending = True\n\n    @ledger\n    def alive(self):\n        return None if self.ending else 0\n\n    @uses\n",
            "*box.py: the ledger alive() cannot be read at the end: TypeError: *",
        ),
        ("        return box.get()", "        import os\n        os.abort()", "*nothing hazardous was done, yet the child was killed by SIGABRT in get after make*"),
    ],
    ids=["creator raises", "creator gives nothing", "setup", "teardown", "ledger", "ledger at the end", "death"],
)
def test_unsound_plan_fails_conformance(project: Project, old: str, new: str, said: str) -> None:
    source = project.sound().read_text(encoding="utf-8").replace(old, new).replace("import Handle,", "import Handle, ledger,")
    project.plan(source)
    result = project.run("-k", "conformance")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines([said])
    result.stdout.fnmatch_lines(["*remedy: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_operation_that_never_succeeds_is_a_warning(project: Project) -> None:
    project.plan(project.sound().read_text(encoding="utf-8").replace("return box.get()", 'raise OSError("not today")'))
    result = project.run("-k", "conformance")
    result.assert_outcomes(passed=1, deselected=1, warnings=1)
    result.stdout.fnmatch_lines(["*PlanWarning: *box.py:25: 'get' never returned in * calls on live handles; the last one raised OSError: not today*"])


def test_value_that_is_no_data_is_named(project: Project) -> None:
    source = project.sound().read_text(encoding="utf-8").replace("def get(self, box)", "def get(self, box, what=st.builds(object))")
    project.plan("from hypothesis import strategies as st\n" + source)
    result = project.run()
    result.assert_outcomes(failed=2)
    assert len(re.findall(r"box\.py: operation 'get': parameter 'what' drew a object", result.stdout.str())) == 2


def test_strategy_that_draws_nothing_is_an_error_of_the_plan(project: Project) -> None:
    source = "from hypothesis import strategies as st\n" + project.sound().read_text(encoding="utf-8")
    project.plan(source.replace("def get(self, box)", "def get(self, box, what=st.integers(min_value=9, max_value=0))"), "wrong.py")
    project.plan(source.replace("def get(self, box)", "def get(self, box, what=st.integers().filter(lambda _: False))"), "vain.py")
    result = project.run("vain.py", "wrong.py")
    result.assert_outcomes(failed=2, errors=2)
    assert len(re.findall(r"^.*vain\.py: no values can be drawn from a strategy of Boxes: \w+: ", result.stdout.str(), re.MULTILINE)) == 2
    result.stdout.fnmatch_lines(["*wrong.py:*: *InvalidArgument*"])
    result.stdout.no_fnmatch_line("*Traceback*")


# --- settings --------------------------------------------------------------------------------------------------------


def test_ini_settings_are_used_and_options_win(project: Project) -> None:
    project.sound()
    project.pytester.makeini("[pytest]\ndeadhand_programs = 7\ndeadhand_seed = 5\ndeadhand_evidence = debug, stock\ndeadhand_seconds = 50\n")
    result = project.run("--collect-only", "--deadhand-seed", "6", fast=False)
    result.stdout.fnmatch_lines(["deadhand: 1 conformance test, 1 hunt; 7 programs or 50 s each, seed 6, evidence debug, stock"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--deadhand-programs", "0"], "*--deadhand-programs is 0; it must be more than 0*remedy: *"),
        (["--deadhand-evidence", "stock,magic"], "*--deadhand-evidence names no evidence mode: magic. remedy: one or more of debug,poison,unmap,guard,stock"),
        (["-o", "deadhand_programs=many"], "*the ini setting deadhand_programs cannot be read*remedy: correct it in *"),
    ],
    ids=["programs", "evidence", "ini"],
)
def test_wrong_setting_ends_the_session_at_once(project: Project, arguments: list[str], said: str) -> None:
    project.sound()
    result = project.run(*arguments, fast=False)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_hunt_that_runs_out_of_time_says_so(project: Project) -> None:
    project.sound()
    result = project.run("-k", "hunt", "--deadhand-programs", "1000000", "--deadhand-seconds", "2")
    result.assert_outcomes(passed=1, deselected=1, warnings=1)
    result.stdout.fnmatch_lines(["*the hunt ended with * of 1000000 programs after 2 s; raise --deadhand-seconds, or lower --deadhand-programs"])


def test_limits_of_others_do_not_interfere(project: Project) -> None:
    """A hunt may take longer than a test should, and warns of nothing that -W error makes an exception of."""
    project.sound()
    result = project.run("-o", "timeout=0.5", "-o", "faulthandler_timeout=0.5", "-W", "error")
    result.assert_outcomes(passed=2)
    assert "Timeout (" not in result.stderr.str()


KEEPING = """
from pathlib import Path
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase

class Noting(InMemoryExampleDatabase):
    def fetch(self, key):
        Path("asked.txt").touch()
        return super().fetch(key)

settings.register_profile("ours", database=Noting())
"""


def test_active_hypothesis_profile_and_its_database_are_used(project: Project) -> None:
    project.buggy()
    project.plan(KEEPING, "conftest.py")
    result = project.run("-k", "hunt", "--deadhand-programs", "600", "--hypothesis-profile", "ours")
    result.assert_outcomes(failed=1, deselected=1)
    assert (project.path / "asked.txt").is_file(), "the state machine asks the profile's database for its failing examples"
