"""Runs inside a second interpreter, as text: loads the plan with stand-ins for deadhand and hypothesis, and does steps of it.

Standard library only: deadhand and what it needs refuse a second interpreter, or should not be what is tested there.
"""

import contextlib
import importlib
import importlib.util
import itertools
import json
import os
import pathlib
import sys
import types

THREADS = "it has threads of its own"
SIDE = types.SimpleNamespace(plan=None, held={}, answer=-1)


def say(answer):
    os.write(SIDE.answer, json.dumps(answer).encode()[: 1 << 15])


class Anything:
    """Stands for whatever a plan takes from deadhand or hypothesis and does not need to run its operations."""

    def __call__(self, *given, **named):
        if len(given) == 1 and not named and isinstance(given[0], types.FunctionType):
            return given[0]  # a decorator without arguments
        return Decorates()

    def __getattr__(self, name):
        if name.startswith("_"):  # deadhand._native is a library under attack as others are, and refuses
            raise AttributeError(name)
        return Anything()

    def __or__(self, other):
        return Anything()

    __ror__ = __or__


class Decorates(Anything):
    """What `@creates(kind)` gives: a decorator, or any other value."""


class Base:
    """What an operation may use of deadhand.Target."""

    module = None

    def __init__(self, folder):
        self._folder = folder
        self._nonces = itertools.count(1_000_001)

    @property
    def tmp_path(self):
        return self._folder

    def nonce(self):
        return next(self._nonces)

    def setup(self):
        pass

    def teardown(self):
        pass


def stand_in(name):
    module = types.ModuleType(name)
    module.__path__ = []
    module.__getattr__ = lambda attribute: Base if attribute == "Target" else getattr(Anything(), attribute)
    module.__all__ = ["Borrowed", "Expectation", "Handle", "Reentry", "Target", "creates", "disposes", "hostile", "identity", "invalidates", "ledger", "raises", "reads", "restarts", "unsafe", "uses", "works"]
    sys.modules[name] = module


def begin(text):
    order = json.loads(text)
    SIDE.answer = order["answer"]
    try:
        for name in ("deadhand", "deadhand.target", "hypothesis", "hypothesis.strategies"):
            stand_in(name)
        sys.path.append("")
        if order["module"].startswith("deadhand_plan_"):
            spec = importlib.util.spec_from_file_location(order["module"], order["plan"])
            plan = importlib.util.module_from_spec(spec)
            sys.modules[order["module"]] = plan
            spec.loader.exec_module(plan)
        else:
            plan = importlib.import_module(order["module"])
        cls = getattr(plan, order["class"])
        if isinstance(cls.module, str):
            cls.module = importlib.import_module(cls.module)
        elif cls.module is None:
            cls.module = plan
        SIDE.plan = cls(pathlib.Path(order["folder"]))
        SIDE.plan.setup()
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the plan's
        say(wrong(error))
    else:
        if has_threads():
            SIDE.plan.teardown()
            say([["builtins.RuntimeError"], THREADS])
        else:
            say([])


def has_threads():
    return "threading" in sys.modules and sys.modules["threading"].active_count() > 1


def finish(keep):
    threads = has_threads()
    with contextlib.suppress(BaseException):  # what it says belongs to no step
        SIDE.plan.teardown()
    if not keep:
        SIDE.held.clear()
    say([["builtins.RuntimeError"], THREADS] if threads else [])


def perform(text):
    step = json.loads(text)
    try:
        args = {name: build(value) for name, value in step.get("args", {}).items()}
    except KeyError as error:
        say(["skipped", f"{error.args[0]} is not held"])
        return
    except BaseException as error:  # noqa: BLE001  the answer is waited for
        say(["skipped", f"an argument cannot be built: {type(error).__name__}"])
        return
    try:
        result = getattr(SIDE.plan, step["do"])(**args)
        if step.get("out") is not None and result is not None:
            SIDE.held[step["out"]] = result
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the plan's
        say(wrong(error))
    else:
        say([])


def wrong(error):
    try:
        message = str(error)[:200].encode("utf-8", "replace").decode()
    except BaseException:  # noqa: BLE001  the message itself may be hostile
        message = "its message cannot be shown"
    return [[f"{each.__module__}.{each.__qualname__}"[:200] for each in type(error).__mro__[:-1]][:20], message]


def build(value):
    if not isinstance(value, dict):
        return value
    kind = value["t"]
    if kind == "handle":
        return SIDE.held[value["name"]]
    if kind == "bytes":
        raw = bytes.fromhex(value.get("hex", "")) if value.get("fill") is None else bytes([value["fill"]]) * value.get("size", 0)
        return bytearray(raw) if value.get("kind") == "bytearray" else raw
    if kind == "number":
        return {"int": int, "float": float, "complex": complex}[value["kind"]](value["text"])
    if kind == "text":
        return bytes.fromhex(value["hex"]).decode("utf-8", "surrogatepass")
    items = [build(item) for item in value["items"]]
    if value["kind"] == "dict":
        return dict(zip(items[::2], items[1::2], strict=False))
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[value["kind"]](items)
