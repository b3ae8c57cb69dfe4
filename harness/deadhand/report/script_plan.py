"""The part of a plan of attack that an exported script needs: its helpers and the operations used, without deadhand.

Read off the plan's source by `ast`, so that the script shows the plan's own text.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deadhand.errors import UnsupportedError
from deadhand.target.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deadhand.target.describe import Description

_OURS = ("deadhand", "hypothesis")
_BASE_METHODS = ("setup", "teardown", "nonce", "tmp_path", "module", "__init__")
_N = TypeVar("_N", bound=ast.AST)


class Source:
    """One file in which a class of the target is written: its top-level statements, and which of them need deadhand."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.text = Path(path).read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}
        self.tainted = _tainted(self.tree.body)

    def kept(self, needed: set[str], targets: set[str]) -> list[str]:
        """The statements that bind a name in `needed` (which grows by what they need themselves), and those that act."""
        statements = [each for node in self.tree.body if (each := _without_ours(node, self.tainted)) is not None]
        statements = [node for node in statements if not (isinstance(node, ast.ClassDef) and node.name in targets)]
        chosen: set[int] = set()
        grown = True
        while grown:
            grown = False
            for at, node in enumerate(statements):
                if at not in chosen and (not _binds(node) or _acts(node) or _binds(node) & needed):
                    chosen.add(at)
                    needed |= _needs(node)
                    grown = True
        return [self._written(statements[at]) for at in sorted(chosen) if not _is_docstring(statements[at])]

    def _written(self, node: ast.stmt) -> str:
        """The statement as the author wrote it, or, where it had to change, as ast writes it."""
        if any(isinstance(each, ast.Name) and each.id == "__file__" for each in ast.walk(node)):
            return ast.unparse(_FilePath(self.path).visit(node))
        if node not in self.tree.body:
            return ast.unparse(node)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            return "\n".join(self.text.splitlines()[_first_line(node) - 1 : node.end_lineno])
        return ast.get_source_segment(self.text, node) or ast.unparse(node)


class PlanSource:
    """The whole of it: every file, the members of the plan class, and where offered objects are named."""

    def __init__(self, target: Description, operations: Iterable[str]) -> None:
        self.target = target
        self.sources: dict[str, Source] = {}
        self.members: dict[str, tuple[ast.stmt, Source, type]] = {}
        self.needed: set[str] = set()
        self.imports: set[str] = set()
        self.uses_base: set[str] = set()
        self._lines: dict[str, str] = {}
        self._order = [cls for cls in target.cls.__mro__ if cls not in (Target, object)]
        for cls in self._order:
            self._read(cls)
        for name in (*operations, *target.ledgers, "setup", "teardown", "__init__"):
            self._include(name)

    # --- what the script prints ----------------------------------------------------------------------------------

    def statements(self) -> list[str]:
        """Top-level statements of the plan's files, base files first."""
        targets = {cls.__name__ for cls in self._order}
        lines: list[str] = []
        for source in reversed(self.sources.values()):
            kept = source.kept(self.needed, targets)
            lines += [text for text in kept if text not in lines]
        return lines

    def class_lines(self, header: str, base: dict[str, str]) -> list[str]:
        """The plan as a plain class; `base` are the sources of what Target itself offers, used where it is needed."""
        order = list(self.members)
        bodies = [base[name] for name in ("nonce", "tmp_path") if name in self.uses_base]
        bodies += [self._lines[name] for name in sorted(order, key=lambda name: (isinstance(self.members[name][0], (ast.FunctionDef, ast.AsyncFunctionDef)),))]
        if "module" in self.uses_base and "module" not in self.members:
            bodies.insert(0, base["module"])
        indented = ["\n".join(f"    {line}" if line else "" for line in body.splitlines()) for body in bodies]
        return [header, "\n\n".join(indented) if indented else "    pass"]

    @property
    def names(self) -> set[str]:
        """Names that the kept statements bind, with which the script's own must not collide."""
        return {name for source in self.sources.values() for node in source.tree.body for name in _binds(node)} | self.needed

    # --- members -------------------------------------------------------------------------------------------------

    def _read(self, cls: type) -> None:
        path = inspect.getsourcefile(cls)
        if path is None:
            raise UnsupportedError(f"cannot export: the source of {cls.__qualname__} is not there", remedy="export where the plan's .py file is installed")
        if path not in self.sources:
            self.sources[path] = Source(path)
        if cls.__name__ not in self.sources[path].classes:
            raise UnsupportedError(f"cannot export: {cls.__qualname__} is not written at the top level of {path}", remedy="write the Target class at the top level of its file")

    def _definition(self, name: str, after: type | None = None) -> tuple[ast.stmt, Source, type] | None:
        order = self._order[self._order.index(after) + 1 :] if after is not None else self._order
        for cls in order:
            source = self.sources[inspect.getsourcefile(cls) or ""]
            found = [node for node in _leaves(source.classes[cls.__name__].body) if name in _binds(node)]
            if found:
                code = getattr(inspect.unwrap(vars(cls)[name]), "__code__", None) if callable(vars(cls).get(name)) else None
                return next((node for node in found if code is not None and _first_line(node) == code.co_firstlineno), found[-1]), source, cls
        return None

    def _include(self, name: str) -> None:
        found = self._definition(name)
        if found is None:
            if name in _BASE_METHODS:
                self.uses_base.add(name)
            return
        self._include_as(name, found)

    def _include_as(self, name: str, found: tuple[ast.stmt, Source, type]) -> None:
        if name in self.members:
            return
        node, source, cls = found
        self.members[name] = found
        plain: ast.stmt
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            plain = self._plain_function(node, source, cls)
            if isinstance(plain, (ast.FunctionDef, ast.AsyncFunctionDef)):
                plain.name = name
        elif name == "module":
            plain = _module_statement(node)
            if "importlib" in ast.unparse(plain):
                self.imports.add("importlib")
        else:
            plain = node
        self.needed |= _needs(plain)
        self._lines[name] = ast.unparse(plain)
        for attribute in _own_attributes(plain):
            self._include(attribute)

    def _plain_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, source: Source, cls: type) -> ast.stmt:
        """The method without annotations, and without decorators and defaults that need deadhand."""
        plain: ast.FunctionDef | ast.AsyncFunctionDef = _copy(node)
        kinds = set(self.target.kinds)
        plain.decorator_list = [each for each in plain.decorator_list if not _needs(each) & (source.tainted | kinds)]
        plain.returns = None
        operation = self.target.operations.get(node.name)
        drawn = {each.name for each in operation.parameters} if operation is not None else set()
        _strip_parameters(plain.args, drawn, source.tainted)
        rewritten: ast.stmt = _Super(self, cls).visit(plain)
        return rewritten

    def super_name(self, name: str, cls: type) -> str | None:
        """The member under which the script has what `super().name` means in `cls`; None for Target's own."""
        found = self._definition(name, after=cls)
        if found is None:
            return None
        alias = f"_{found[2].__name__.strip('_')}_{name.strip('_')}"
        self._include_as(alias, found)
        return alias

    # --- offered objects -----------------------------------------------------------------------------------------

    def expression_of(self, wanted: object, operation: str, parameter: str, index: int, count: int) -> str:
        """How the script names an object that the plan offers for a parameter. Raises UnsupportedError when it cannot."""
        offered = self._offered_nodes(operation, parameter)
        namespaces = [vars(sys.modules[cls.__module__]) for cls in self._order]
        named = [node for node in offered if isinstance(node, (ast.Name, ast.Attribute))]
        for node in named:
            if any(_look_up(node, namespace) is wanted for namespace in namespaces):
                return self._use(node)
        for namespace in namespaces:
            for name, value in namespace.items():
                if value is wanted and not name.startswith("__") and not any(name in source.tainted for source in self.sources.values()):
                    return self._use(ast.Name(name, ast.Load()))
        odd = [node for node in offered if not _is_plain(node)]
        if len(odd) == count and not _needs(odd[index]) & {name for source in self.sources.values() for name in source.tainted}:
            return self._use(odd[index])
        return self._imported(wanted, operation, parameter)

    def _imported(self, wanted: object, operation: str, parameter: str) -> str:
        module, name = getattr(wanted, "__module__", None), getattr(wanted, "__qualname__", None) or getattr(wanted, "_name_", None)
        if isinstance(module, str) and isinstance(name, str) and module in sys.modules:
            owner = type(wanted).__qualname__ + "." if not hasattr(wanted, "__qualname__") else ""
            node = ast.parse(f"{owner}{name}", mode="eval").body if (owner + name).replace(".", "_").isidentifier() else None
            if node is not None and _look_up(node, vars(sys.modules[module])) is wanted:
                self.imports.add(module)
                return f"{module}.{owner}{name}"
        raise UnsupportedError(
            f"cannot export: the object that the plan offers for '{parameter}' of '{operation}' has no name ({type(wanted).__name__})",
            remedy="give it a name at the top level of the plan: NAME = …; then st.sampled_from([NAME, …])",
        )

    def _use(self, node: ast.expr) -> str:
        self.needed |= _needs(node)
        return ast.unparse(node)

    def _offered_nodes(self, operation: str, parameter: str) -> list[ast.expr]:
        found = self._definition(operation)
        if found is None:
            return []
        node, source, cls = found
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return []
        default = _default_of(node.args, parameter)
        if default is None:
            return []
        assigned = {
            target.id: each.value
            for body in (source.tree.body, source.classes[cls.__name__].body)
            for each in body
            if isinstance(each, ast.Assign)
            for target in each.targets
            if isinstance(target, ast.Name)
        }
        return list(_offers(default, assigned, depth=0))


# --- offered objects in the text ---------------------------------------------------------------------------------


def _offers(node: ast.expr, assigned: dict[str, ast.expr], depth: int) -> Iterator[ast.expr]:
    """The expressions listed in `sampled_from([…])` and `just(…)` below `node`, names of strategies followed."""
    if depth > 6:
        return
    if isinstance(node, ast.Name) and node.id in assigned:
        yield from _offers(assigned[node.id], assigned, depth + 1)
    elif isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        if called in ("sampled_from", "just") and node.args:
            yield from _elements(node.args[0], assigned, depth)
            return
        for each in (node.func, *node.args, *[keyword.value for keyword in node.keywords]):
            yield from _offers(each, assigned, depth + 1)
    elif isinstance(node, ast.Attribute):
        yield from _offers(node.value, assigned, depth + 1)
    elif isinstance(node, ast.BinOp):
        yield from _offers(node.left, assigned, depth + 1)
        yield from _offers(node.right, assigned, depth + 1)


def _elements(node: ast.expr, assigned: dict[str, ast.expr], depth: int) -> Iterator[ast.expr]:
    if isinstance(node, ast.Name) and node.id in assigned and depth < 6:
        listed = assigned[node.id]
        yield from _elements(listed, assigned, depth + 1) if isinstance(listed, (ast.List, ast.Tuple, ast.Set)) else [node]
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for each in node.elts:
            yield from _elements(each, assigned, depth + 1)
    else:
        yield node


def _is_plain(node: ast.expr) -> bool:
    return all(isinstance(each, (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Dict, ast.operator, ast.unaryop, ast.Load)) for each in ast.walk(node))


def _look_up(node: ast.expr, namespace: dict[str, Any]) -> object:
    """What a dotted name stands for; nothing is called."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _look_up(node.value, namespace)
        return None if owner is None else getattr(owner, node.attr, None)
    return None


def _default_of(args: ast.arguments, name: str) -> ast.expr | None:
    positional = [*args.posonlyargs, *args.args]
    for parameter, default in zip(reversed(positional), reversed(args.defaults), strict=False):
        if parameter.arg == name:
            return default
    return next((default for parameter, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if parameter.arg == name), None)


# --- names -------------------------------------------------------------------------------------------------------


def _needs(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _binds(node: ast.AST) -> set[str]:
    """The names that a statement binds in its own scope."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(each.asname or each.name).partition(".")[0] for each in node.names}
    names: set[str] = set()
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            names.add(each.id)
        elif not isinstance(each, ast.Lambda):
            names |= _binds(each)
    return names


def _leaves(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a class body, those under an `if` or a `try` included."""
    for node in body:
        if isinstance(node, (ast.If, ast.Try)):
            yield from _leaves(node.body)
            yield from _leaves(node.orelse)
            if isinstance(node, ast.Try):
                yield from _leaves([inner for handler in node.handlers for inner in handler.body])
        else:
            yield node


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *[each.lineno for each in decorators]])


def _acts(node: ast.stmt) -> bool:
    """Whether a statement is there for what it does, not for a name."""
    return isinstance(node, (ast.Expr, ast.For, ast.While, ast.With, ast.Assert, ast.Delete))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _tainted(body: list[ast.stmt]) -> set[str]:
    """The top-level names that cannot exist without deadhand or hypothesis."""
    tainted: set[str] = set()
    for node in ast.walk(ast.Module(body, [])):
        if isinstance(node, ast.Import):
            tainted |= {(each.asname or each.name).partition(".")[0] for each in node.names if each.name.partition(".")[0] in _OURS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _OURS:
            tainted |= {each.asname or each.name for each in node.names}
    size = -1
    while size != len(tainted):
        size = len(tainted)
        for node in body:
            if not isinstance(node, (ast.Import, ast.ImportFrom, ast.If, ast.Try, ast.With, ast.For)) and _needs(_bare(node, tainted)) & tainted:
                tainted |= _binds(node)
    return tainted


def _bare(node: ast.stmt, tainted: set[str]) -> ast.stmt:
    """A function without its annotations and the defaults that need deadhand; other statements as they are."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node
    bare: ast.stmt = _Unannotated().visit(_copy(node))
    if isinstance(bare, (ast.FunctionDef, ast.AsyncFunctionDef)):
        _strip_parameters(bare.args, set(), tainted)
    return bare


def _without_ours(node: ast.stmt, tainted: set[str]) -> ast.stmt | None:
    """The statement without what needs deadhand; None when nothing is left."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return None
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        kept = [each for each in node.names if (each.asname or each.name).partition(".")[0] not in tainted]
        if len(kept) == len(node.names):
            return node
        changed = _copy(node)
        changed.names = kept
        return changed if kept else None
    if isinstance(node, (ast.If, ast.Try, ast.With, ast.For)):
        return _compound(node, tainted)
    if not _needs(node) & tainted:
        return node
    bare = _bare(node, tainted)
    return bare if not _needs(bare) & tainted else None


def _compound(node: ast.If | ast.Try | ast.With | ast.For, tainted: set[str]) -> ast.stmt | None:
    if not _needs(node) & tainted:
        return node
    changed = _copy(node)
    changed.body = [each for inner in changed.body if (each := _without_ours(inner, tainted)) is not None]
    empty = not changed.body
    changed.body = changed.body or [ast.Pass()]
    if not isinstance(changed, ast.With):
        changed.orelse = [each for inner in changed.orelse if (each := _without_ours(inner, tainted)) is not None]
        empty = empty and not changed.orelse
    return None if empty or _needs(changed) & tainted else changed


def _own_attributes(node: ast.AST) -> set[str]:
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in ("self", "cls")
    }


# --- rewriting ---------------------------------------------------------------------------------------------------


def _copy(node: _N) -> _N:
    import copy

    return copy.deepcopy(node)


def _strip_parameters(args: ast.arguments, drawn: set[str], tainted: set[str]) -> None:
    """No annotations; no defaults for what deadhand draws, and None for others that need deadhand."""
    for parameter in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
        if parameter is not None:
            parameter.annotation = None

    def plain(default: ast.expr) -> ast.expr:
        return ast.Constant(None) if _needs(default) & tainted else default

    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr] = []
    for parameter, default in zip(positional[len(positional) - len(args.defaults) :], args.defaults, strict=True):
        if parameter.arg not in drawn or defaults:
            defaults.append(plain(default))
    args.defaults = defaults
    args.kw_defaults = [
        None if default is None or parameter.arg in drawn else plain(default) for parameter, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
    ]


def _module_statement(node: ast.stmt) -> ast.stmt:
    """`module = "name"` stands for the module itself."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        node = ast.fix_missing_locations(ast.Assign([node.target], node.value, lineno=node.lineno, col_offset=0))
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return ast.parse(f"module = importlib.import_module({node.value.value!r})").body[0]
    return node


class _Unannotated(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


class _FilePath(ast.NodeTransformer):
    """The script lies elsewhere: `__file__` becomes the path of the plan."""

    def __init__(self, path: str) -> None:
        self.path = path

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.path) if node.id == "__file__" else node


class _Super(ast.NodeTransformer):
    """`super().name(…)` becomes a call of the member under which the flat class has it."""

    def __init__(self, plan: PlanSource, cls: type) -> None:
        self.plan = plan
        self.cls = cls

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Call) and isinstance(called.value.func, ast.Name) and called.value.func.id == "super":
            name = self.plan.super_name(called.attr, self.cls)
            if name is None:
                return ast.Constant(None)
            node.func = ast.Attribute(ast.Name("self", ast.Load()), name, ast.Load())
        return node
