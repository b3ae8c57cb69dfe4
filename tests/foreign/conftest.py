"""The foreign surfaces, as they are built."""

from __future__ import annotations

import gc
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

FOREIGN = Path(__file__).resolve().parents[2] / "native" / "foreign"
BY_HAND = ("core_ctypes", "core_cffi")


def shelf() -> ModuleType:
    """The module that finds what is built."""
    spec = importlib.util.spec_from_file_location("foreign_shelf", FOREIGN / "shelf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def load() -> Callable[[str], Any]:
    """Find a surface; where it is missing, the test fails: run native/foreign/build.py."""
    return shelf().load


@pytest.fixture(scope="module", params=BY_HAND)
def built(request: pytest.FixtureRequest, load: Callable[[str], Any]) -> Any:
    """Each surface that is made by hand."""
    return load(request.param)


@pytest.fixture
def core(built: Any) -> Iterator[Any]:
    """The same, with nothing left behind in it by the test before, nor by this one."""
    gc.collect()
    assert not any(built.core_ledger().values())
    yield built
    gc.collect()
    assert not any(built.core_ledger().values())


@pytest.fixture
def script(built: Any) -> Callable[..., str]:
    """Run lines in an interpreter of their own, which has the surface as `core`; what it printed on either stream."""

    def run(text: str, *options: str) -> str:
        head = f"import sys; sys.path.append({str(shelf().DIRECTORY)!r})\nimport {built.__name__} as core\n"
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, *options, "-c", head + text]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
