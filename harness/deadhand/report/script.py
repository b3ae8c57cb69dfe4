"""A case as one plain Python script that needs nothing but the library it is about."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from typing import TYPE_CHECKING

from deadhand.errors import CaseError
from deadhand.report.mad_titles import headline
from deadhand.report.program_text import program_lines
from deadhand.report.script_checks import promises
from deadhand.report.script_parts import BASE, MODULES, PARTS
from deadhand.report.script_plan import PlanSource
from deadhand.report.script_steps import StepWriter, class_name
from deadhand.worker import digest, hostile_values
from deadhand.worker.evidence import MODES
from deadhand.worker.hostile_values import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deadhand.model.case import Case
    from deadhand.target.describe import Description

_FILL_PARTS = ("_RUN", "_PART", "_ITEMS", "_raw", "shows_fill")
_SWITCH_SECONDS = "1e-4"
_HANG_SECONDS = 10
_OUR_VARIABLES = ("plan", "Plan", "HANDLES", "REFUSED", "CONTRACT", "EVIDENCE", "name", "problem", "what", "reference")


def export_script(case: Case, target: Description) -> str:
    """The script of `case`, whose plan is `target`.

    Raises CaseError when the case does not fit the plan (any more), UnsupportedError when the plan cannot be copied.
    """
    return _Script(case, target).text()


class _Script:
    def __init__(self, case: Case, target: Description) -> None:
        if case.evidence not in MODES:
            raise CaseError(f"there is no evidence mode called {case.evidence!r}", remedy=f'set "evidence" to one of: {", ".join(MODES)}')
        self.case = case
        self.target = target
        self.plan = PlanSource(target, _operations(case, target))
        self.own = {*PARTS, *(class_name(each) for each in CLASSES), *_OUR_VARIABLES}
        taken = self.plan.names | self.own | set(dir(builtins)) | set(MODULES)
        self.steps = StepWriter(case, target, self.plan, self.name, taken)

    def name(self, part: str) -> str:
        """A part's name in this script: its own, unless the plan has one of the same name."""
        return f"{part}_" if part in self.plan.names else part

    def text(self) -> str:
        """The whole script."""
        steps = self.steps.lines()
        plan_class = self._plan_class()
        statements = self.plan.statements()
        body = [*self._begin(), "", *steps, *self._end()]
        hostile = [self._hostile_class(each) for each in sorted(self.steps.protocols)]
        parts = self._parts("\n".join([*body, *hostile]))
        after_imports = "\n".join([*parts, *hostile, *body, plan_class, *self._evidence()])
        sections = [
            self._docstring(),
            "\n".join(f"import {module}" for module in sorted({*self.plan.imports, *(each for each in MODULES if re.search(rf"\b{each}\.", after_imports))})),
            "\n".join(self._evidence()),
            _title("The plan of attack, as far as it is needed"),
            *_together(statements),
            plan_class,
            *([_title("Hostile values: each runs steps in the middle of the call it is given to")] if hostile else []),
            *hostile,
            _title("What keeps the script going, and judges"),
            *parts,
            _title("The program"),
            "\n".join(body),
        ]
        return re.sub(r"\n{4,}", "\n\n\n", "\n\n\n".join(each.strip("\n") for each in sections if each.strip())) + "\n"

    # --- head ----------------------------------------------------------------------------------------------------

    def _docstring(self) -> str:
        case = self.case
        where = " on ".join(each for each in (f"Python {case.environment.python}" if case.environment.python else "", case.environment.platform) if each)
        libraries = ", ".join(f"{name} {version}" for name, version in case.environment.libraries.items())
        lines = [
            headline(case.mad, case.symptom),
            "",
            case.detail,
            "",
            f"target:      {case.target}",
            f"signature:   {case.signature}",
            f"found with:  {', '.join(each for each in (where, libraries) if each) or 'unknown'}",
            f"evidence:    {case.evidence} ({MODES[case.evidence].summary})",
            f"reproduced:  {case.reproduced or 'unknown'} runs",
            *([f"see:         {case.link}"] if case.link else []),
            "",
            *(f"    {line}" for line in program_lines(case.program)),
            "",
            "Run it:  python -X faulthandler THIS_FILE. It dies as told above, or says what is WRONG (or a LEAK) and exits",
            "with 1, or ends with OK. Each `with step(n)` is one step; an exception in it is printed, and the script goes on.",
            "What runs inside a call is a function `inside_n`, given to a hostile value.",
        ]
        schedule = case.program.schedule
        if schedule is not None and schedule.mode == "controlled" and case.program.regions():
            made = [f"at decision {each.at}, thread {each.to} goes on" for each in schedule.switches]
            lines += [
                "",
                "FOUND UNDER CONTROL OF THE THREADS, which this script has not got: it needs nothing but the library, and its threads run freely.",
                "It may show only in one run of very many, or never. The case itself makes the same switches every time:",
                "    deadhand replay CASE_FILE",
                f"What it forces: {'; '.join(made) or 'nothing, one thread goes first and the other follows'}.",
            ]
            return '"""' + _safe("\n".join(lines)) + '\n"""'
        if _often(case.reproduced) or case.program.threads() > 1:
            lines.append("It does not show in every run: run it several times.")
        return '"""' + _safe("\n".join(lines)) + '\n"""'

    def _evidence(self) -> list[str]:
        mode = MODES[self.case.evidence]
        if not mode.environment:
            return []
        from deadhand.worker.evidence import environment

        every = {name for each in MODES.values() for name in each.environment}
        removed = sorted(every - set(environment(mode.name, {})))
        return [
            f"# It shows with memory evidence ({mode.name}), which must be in force when the interpreter starts.",
            f"EVIDENCE = {mode.environment | {'PYTHONHASHSEED': '0', 'DEADHAND_SCRIPT': mode.name}!r}",
            f"if os.environ.get('DEADHAND_SCRIPT') != {mode.name!r}:",
            f"    for name in {removed!r}:",
            "        os.environ.pop(name, None)",
            "    os.environ.update(EVIDENCE)",
            "    os.execv(sys.executable, sys.orig_argv)",
        ]

    # --- definitions ---------------------------------------------------------------------------------------------

    def _plan_class(self) -> str:
        base = dict(BASE)
        name = self.name("Plan")
        lines = self.plan.class_lines(f"class {name}:", base)
        names = [cls.__name__ for cls in self.target.cls.__mro__ if cls.__name__ in self.plan.needed and cls.__name__ in {each for source in self.plan.sources.values() for each in source.classes}]
        return "\n".join([*lines, *[f"\n\n{each} = {name}" for each in names]])

    def _hostile_class(self, protocol: str) -> str:
        """The class as worker/hostile_values.py has it; both versions of one that depends on the version of Python."""
        wanted = CLASSES[protocol].__name__
        source = inspect.getsource(hostile_values)
        node = next(each for each in ast.parse(source).body if any(isinstance(inner, ast.ClassDef) and inner.name == wanted for inner in ast.walk(each)))
        text = ast.get_source_segment(source, node) or ""
        return re.sub(rf"\bclass {wanted}\b", f"class {self.name(class_name(protocol))}", text)

    def _parts(self, text: str) -> list[str]:
        """The parts that `text` uses, and those that they use."""
        chosen: set[str] = set()
        grown = True
        while grown:
            grown = False
            for part in PARTS:
                if part not in chosen and re.search(rf"\b{re.escape(self.name(part))}\b", text):
                    chosen.add(part)
                    text += "\n" + self._part(part)
                    grown = True
        sources = [self._part(part) for part in PARTS if part in chosen]
        constants = [each.strip() for each in sources if not each.startswith("\n")]
        fill = [_digest_part(name) for name in _FILL_PARTS] if "unfilled" in chosen else []
        return ["\n".join([*constants, *self._tables(), *fill[:3]]), *fill[3:], *[each for each in sources if each.startswith("\n")]]

    def _part(self, part: str) -> str:
        text = PARTS[part]
        has_async = any(inspect.iscoroutinefunction(each.function) for each in self.target.operations.values())
        finished = f"{self.name(self.steps.finish)}(result) if inspect.iscoroutine(result) else result" if has_async else "result"
        text = text.replace("FINISHED", finished)
        for other in self.own:
            if self.name(other) != other:
                text = re.sub(rf"\b{re.escape(other)}\b", self.name(other), text)
        return text

    def _tables(self) -> list[str]:
        handles = tuple(self.steps.variables.values())
        module = self.target.cls.__module__
        refused = f"{{{self.case.step}}}" if self.case.oracle == "borrow" else "()"
        lines = [f"{self.name('HANDLES')} = {handles!r}", f"{self.name('REFUSED')} = {refused}  # steps to which a handle must not be refused as borrowed"]
        rows = []
        for number, found in sorted(promises(self.target, self.case.program).items()):
            told = [(each.since, each.why.replace(f"{module}.", ""), each.must_raise, tuple(name.replace(module, "__main__") for name in each.names)) for each in found]
            rows.append(f"    {number}: [{', '.join(map(repr, told))}],")
        contract = self.name("CONTRACT")
        if not rows:
            return [*lines, f"{contract} = {{}}  # no step here is bound by the contract of a handle that is gone"]
        return [*lines, f"# step: [(holds once this step returned, why, must it raise, what it may raise)]\n{contract} = {{", *rows, "}"]

    # --- the program ---------------------------------------------------------------------------------------------

    def _begin(self) -> list[str]:
        lines = ["faulthandler.enable()"]
        if self.case.oracle == "hang":
            lines.append(f"faulthandler.dump_traceback_later({_HANG_SECONDS}, exit=True)  # this case hangs")
        lines.append(f"sys.unraisablehook = threading.excepthook = {self.name('lost')}")
        if any(step.thread for step in self.case.program.steps):
            lines.append(f"sys.setswitchinterval({_SWITCH_SECONDS})")
        lines += ["gc.collect()", "gc.freeze()", "gc.disable()  # the collector runs where the program says so", "", f"plan = {self.name('Plan')}()"]
        if "setup" in self.plan.members:
            lines.append("plan.setup()")
        lines += [f"{name}_at_start = plan.{name}()" for name in self.target.ledgers]
        return lines

    def _end(self) -> list[str]:
        lines: list[str] = []
        if "teardown" in self.plan.members:
            lines += ["with contextlib.suppress(BaseException):", "    plan.teardown()"]
        problems = self.name("problems")
        if self.case.program.ending == "exit":
            return [
                *lines,
                "gc.unfreeze()",
                "gc.enable()",
                f"if {problems}:",
                "    sys.exit(1)",
                'print("OK until here: the interpreter now exits with live handles", flush=True)',
            ]
        lines += ['print("dropping everything", flush=True)']
        lines += [f"{self.steps.thread(number)}.work.put(None)" for number in sorted(self.steps.started)]
        lines += [f"{self.name('let_go')}()"]
        text = "\n".join(self.steps.lines_written)
        if re.search(rf"\b({self.name('pressure')}|{self.name('run_short')})\(", text):
            lines.append(f"{self.name('kept')}.clear()")
        if self.steps.protocols:
            lines.append(f"{self.name('Fire')}.armed = False")
        lines += ['print("collecting", flush=True)', "if gc.collect():  # a finalizer may have made more garbage", "    gc.collect()"]
        wrong = self.name("wrong")
        if any(step.flight for _, step, _ in self.case.program.walk()):
            balanced = " and ".join(f"plan.{name}() == {name}_at_start" for name in self.target.ledgers) or "False"
            lines.append(f"{self.name('settle')}(lambda: {balanced})")
        if self.steps.watches:
            lines += [
                f"for what, reference in {self.name('watched')}:",
                "    if reference() is not None:",
                f'        {wrong}(f"{{what}} is still alive after everything was dropped and collected", word="LEAK")',
            ]
        if self.steps.dies:
            lines.append(f"{self.name('Fire')}.over = True")
        for name in self.target.ledgers:
            lines += [
                f"if plan.{name}() != {name}_at_start:",
                f'    {wrong}(f"{name}() was {{{name}_at_start}} before the program and {{plan.{name}()}} after everything was dropped and collected", word="LEAK")',
            ]
        if self.case.oracle == "hang":
            lines.append("faulthandler.cancel_dump_traceback_later()")
        return [*lines, f"if {problems}:", "    sys.exit(1)", 'print("OK: nothing was wrong in this run")']


def _operations(case: Case, target: Description) -> Iterable[str]:
    for _, step, _ in case.program.walk():
        name = str(step.args.get("operation", "")) if step.do in ("@pressure", "@flood", "@shortage") else step.do
        if name in target.operations:
            yield name


def _together(statements: list[str]) -> list[str]:
    """One-line statements under one another, others apart."""
    blocks: list[str] = []
    single = False
    for text in statements:
        if "\n" not in text and single:
            blocks[-1] += "\n" + text
        else:
            blocks.append(text)
        single = "\n" not in text
    return blocks


def _digest_part(name: str) -> str:
    """A part of worker/digest.py, without annotations."""
    node = next(each for each in ast.parse(inspect.getsource(digest)).body if getattr(each, "name", "") == name or (isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name))
    if isinstance(node, ast.FunctionDef):
        node.returns = None
        for each in (*node.args.args, *node.args.kwonlyargs):
            each.annotation = None
    return ast.unparse(node)


def _title(text: str) -> str:
    return f"# --- {text} {'-' * max(3, 110 - len(text))}"


def _often(reproduced: str) -> bool:
    shown, _, runs = reproduced.partition("/")
    return shown != runs


def _safe(text: str) -> str:
    """Text that may stand in a docstring, whoever wrote it."""
    printable = "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
    return printable.replace("\\", "\\\\").replace('"""', "'''")
