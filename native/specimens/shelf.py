"""Take a built specimen off the shelf: `load("quack", "bug")` is the library as its user meets it."""

import ctypes
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

_THUNKS: list[object] = []
DIRECTORY = Path(
    os.environ.get("DEADHAND_SPECIMENS") or Path(__file__).with_name("build") / str(sys.implementation.cache_tag)
)


def load(name: str, twin: str) -> ModuleType:
    """The library `name`, as `twin` "bug" or "fixed"; ImportError where it was not built."""
    if str(DIRECTORY) not in sys.path:
        sys.path.append(str(DIRECTORY))
    is_pyo3 = (Path(__file__).parent / "rust" / "src" / f"{name}.rs").exists()
    module = "spec_rust" if is_pyo3 else f"spec_{name}_{twin}"
    try:
        importlib.invalidate_caches()
        library = importlib.import_module(module)
    except ModuleNotFoundError as error:
        message = f"specimen {name} is not built here: run native/specimens/build.py"
        raise ModuleNotFoundError(message, name=module) from error
    return getattr(library, f"{name}_{twin}") if is_pyo3 else library


def widen(library: ModuleType, hook: Callable[[], object]) -> None:
    """Have `hook` run once, by the next thread that comes to the library's window of width zero: a script needs no luck then."""
    path = getattr(library, "_path", None) or getattr(library, "__file__", None) or sys.modules["spec_rust"].__file__
    thunk = ctypes.CFUNCTYPE(None)(hook)
    _THUNKS.append(thunk)
    ctypes.PyDLL(path).set_window(thunk)
