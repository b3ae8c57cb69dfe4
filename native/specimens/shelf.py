"""Take a built specimen off the shelf: `load("quack", "bug")` is the library as its user meets it."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

DIRECTORY = Path(
    os.environ.get("DEADHAND_SPECIMENS") or Path(__file__).with_name("build") / str(sys.implementation.cache_tag)
)


def load(name: str, twin: str) -> ModuleType:
    """The library `name`, as `twin` "bug" or "fixed"; ImportError where it was not built."""
    if str(DIRECTORY) not in sys.path:
        sys.path.append(str(DIRECTORY))
    is_c = (Path(__file__).parent / "c" / f"{name}.c").exists()
    module = f"spec_{name}_{twin}" if is_c else "spec_rust"
    try:
        importlib.invalidate_caches()
        library = importlib.import_module(module)
    except ModuleNotFoundError as error:
        message = f"specimen {name} is not built here: run native/specimens/build.py"
        raise ModuleNotFoundError(message, name=module) from error
    return library if is_c else getattr(library, f"{name}_{twin}")
