"""Take a built foreign surface off the shelf: `load("core_ctypes")` is the core as a Python user meets it there."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

DIRECTORY = Path(os.environ.get("DEADHAND_FOREIGN") or Path(__file__).with_name("build"))


def load(name: str) -> ModuleType:
    """The surface `core_ctypes`, `core_cffi` or `core_uniffi`; ModuleNotFoundError where it was not built."""
    if str(DIRECTORY) not in sys.path:
        sys.path.append(str(DIRECTORY))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise  # it is built, and something that it needs is not installed
        message = f"{name} is not built here: run native/foreign/build.py"
        raise ModuleNotFoundError(message, name=name) from error
