"""What a hazard is: something deadhand does to any handle, that the user need not write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from deadhand.hazards import weights

if TYPE_CHECKING:
    from deadhand.hazards.draft import Draft, Variable
    from deadhand.target.describe import Description, Operation


class Hazard:
    """One hazard. `write` puts its steps into a draft; `perform` is what its own verb does in the child, if it has one.

    `weight` is its share among the hazards of a random program; 0 for one that is not written at random.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    weight: ClassVar[int] = 10
    verb: ClassVar[str] = ""

    def fits(self, target: Description) -> bool:  # noqa: ARG002  most hazards fit every target
        """Whether the hazard makes sense for this target."""
        return True

    def share(self, target: Description) -> int:  # noqa: ARG002  most hazards are worth the same everywhere
        """Its share among the hazards of a random program of `target`."""
        return self.weight

    def write(self, draft: Draft) -> None:
        """Add this hazard's steps to `draft`."""
        raise NotImplementedError

    def perform(self, child: Any, args: dict[str, Any]) -> Any:  # noqa: ARG002  hazards without a verb have nothing to do
        """Do the verb in the child. `args` are built values; `child.names` tells the name of each handle argument."""
        message = f"hazard {self.name} has no verb"
        raise TypeError(message)


def fits_beside(operation: Operation, *names: str) -> bool:
    """Whether no parameter of the operation is called as a hazard calls what it needs beside them."""
    return not any(each.name in names for each in operation.parameters)


def kinds_with(target: Description, accept: Any) -> list[str]:
    """The kinds of `target` for which `accept(kind)` holds."""
    return [kind for kind in target.kinds if accept(kind)]


def child_kinds(target: Description) -> list[str]:
    """The kinds that live on another."""
    return kinds_with(target, lambda kind: bool(target.parents(kind)))


def disposable_kinds(target: Description) -> list[str]:
    """The kinds that some operation disposes of."""
    return kinds_with(target, lambda kind: any(kind in each.disposes and not each.restarts for each in target.operations.values()))


def elsewhere(draft: Draft) -> int:
    """The thread on which something is let go of: now and then another one, unless the plan says that the library is of one thread."""
    return int("share" not in draft.target.skip_hazards and draft.draw.chance(weights.ELSEWHERE))


def use(draft: Draft, variable: Variable, *, reads_first: bool = True) -> Operation | None:
    """Use a handle by an operation that has been tried least on a handle in this state; by a look at it if there is none."""
    operations = draft.operations_on(variable.kind, lambda each: not each.disposes and not each.creates)
    operations = operations or draft.operations_on(variable.kind)
    reading = [each for each in operations if each.reads]
    if reading and reads_first and draft.draw.chance(50):
        operations = reading
    if not operations:
        look(draft, variable)
        return None
    state = "disposed" if variable.disposed else "ended" if variable.ended else "live"
    operation = draft.draw.least_tried(operations, lambda each: f"use>{each.name}>{state}")
    draft.call(operation, {variable.kind: variable})
    return operation


def look(draft: Draft, variable: Variable) -> None:
    """Touch a handle by something every object has."""
    from deadhand.hazards.touch import write_touch

    write_touch(draft, variable)


def dispose(draft: Draft, variable: Variable) -> bool:
    """Dispose of a handle; False when no operation does."""
    disposers = draft.disposers(variable.kind)
    if not disposers:
        return False
    draft.call(draft.draw.choose(disposers), {variable.kind: variable})
    return True


def child_of(draft: Draft, kind: str) -> tuple[Variable, Variable] | None:
    """A live handle of `kind` and its live parent, made if need be."""
    parents = draft.target.parents(kind)
    if not parents:
        return None
    child = draft.need(kind)
    if child is None:
        return None
    parent = next((each for name in child.parents if (each := draft.variable(name)) and each.live), None)
    return (child, parent) if parent is not None else None
