"""A hostile value's steps: they run in the middle of a call, or when the value dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadhand.worker.shortage import enough

if TYPE_CHECKING:
    from deadhand.model.program import Hostile
    from deadhand.worker.node import Node
    from deadhand.worker.runtime import Runtime


class Raised(RuntimeError):  # noqa: N818  the name is read in reports
    """What a callback raises when the program says that it raises."""


class Fire:
    """Runs a hostile value's steps at its n-th call. Holds handles only when the program wants a cycle."""

    def __init__(self, runtime: Runtime, hostile: Hostile, body: tuple[Node, ...]) -> None:
        self.runtime: Runtime | None = runtime
        self.hostile = hostile
        self.body = body
        self.calls = 0
        self.done = False

    def __call__(self, given: tuple[Any, ...]) -> None:
        self.calls += 1
        runtime, hostile = self.runtime, self.hostile
        if runtime is None or self.done or self.calls != hostile.nth or hostile.when == "death":
            return
        self.run(runtime, given)

    def run(self, runtime: Runtime, given: tuple[Any, ...]) -> None:
        """Do the steps; they lack no memory, also where the call that they interrupt does."""
        self.done = True
        with enough():
            self._run(runtime, given)

    def _run(self, runtime: Runtime, given: tuple[Any, ...]) -> None:
        if self.hostile.keep is not None and given:
            runtime.held[self.hostile.keep] = given[0]
        for node in self.body:
            runtime.perform(node)
        if self.hostile.raises:
            message = "raised by the program, in the middle of the call"
            raise Raised(message)

    def finalize(self) -> None:
        runtime = self.runtime
        if runtime is not None and self.hostile.when == "death" and not self.done:
            self.run(runtime, ())
