"""The class that a plan of attack derives from."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


class Target:
    """Describes one native library: handle kinds as class attributes, operations as decorated methods.

    An instance lives for one program, in a child process. Override `setup` and `teardown` if the library needs them.
    `module`: the library, by name or as the module itself; a plan whose library is missing is skipped.
    `points`: modules written in Python, or packages, in whose lines a controlled schedule may switch threads; by name or
    as modules. `module` itself is among them. Native code needs no mention.
    `forks_while_busy`: the library promises to survive a fork while another thread is inside it, so that deadhand may fork then.
    `memory_may_fail`: every allocation may fail: the library promises an exception then, so that deadhand may have the interpreter's allocations fail.
    `skip_hazards`: names of hazards that do not apply, each with the reason.
    """

    module: ClassVar[str | ModuleType | None] = None
    points: ClassVar[tuple[str | ModuleType, ...]] = ()
    forks_while_busy: ClassVar[bool] = False
    memory_may_fail: ClassVar[bool] = False
    skip_hazards: ClassVar[dict[str, str]] = {}

    def __init__(self, workspace: Any = None) -> None:
        self._workspace = workspace
        self._nonces = itertools.count(1)

    @property
    def tmp_path(self) -> Path:
        """A folder of this program's own; it is made at first use and removed after the program."""
        folder: Path = self._workspace.folder()
        return folder

    def nonce(self) -> int:
        """A small integer that no other call in this program gets."""
        return next(self._nonces)

    def setup(self) -> None:
        """Called before the first step."""

    def teardown(self) -> None:
        """Called after the last step, while the handles are still held."""
