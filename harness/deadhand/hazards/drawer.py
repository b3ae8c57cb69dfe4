"""Where choices come from: the search hands hazards a drawer, so that one text serves Hypothesis and plain random."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deadhand.model.program import Value
    from deadhand.target.describe import Operation, Parameter

T = TypeVar("T")


class Drawer(ABC):
    """Draws integers and values; everything else is made of those. 0 is always the simplest choice."""

    encoded: dict[int, tuple[Any, Value]] | None = None
    """Values as data, by identity, where the same ones are drawn again and again."""

    @abstractmethod
    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""

    @abstractmethod
    def value(self, operation: Operation, parameter: Parameter, *, hostile: bool | None = None) -> Any:
        """A value of the parameter's strategy, hostile or plain as asked where the strategy offers both."""

    def offers(self, operation: Operation, parameter: Parameter, drawn_for: Parameter, value: Any) -> bool:  # noqa: ARG002  a drawer that keeps values knows more
        """Whether `parameter` might have drawn the `value` that was drawn for another parameter."""
        return parameter.strategy is drawn_for.strategy

    def least_tried(self, options: Sequence[T], key: Callable[[T], str]) -> T:  # noqa: ARG002  a drawer may ignore it
        """One of `options`; a drawer that remembers prefers what it has tried least, by `key`."""
        return self.choose(options)

    def spread(self, operations: list[Operation]) -> list[Operation]:
        """`operations`, those that stand for several calls several times; a drawer that knows no values leaves them as they are."""
        return operations

    def choose(self, options: Sequence[T]) -> T:
        """One of `options`, which must not be empty."""
        return options[self.integer(0, len(options) - 1)] if len(options) > 1 else options[0]

    def chance(self, percent: int) -> bool:
        """True in about `percent` of 100 cases; a shrunk choice is False."""
        return percent > 0 and self.integer(0, 99) >= 100 - percent

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """One of the (option, weight) pairs; the first is the simplest."""
        total = sum(weight for _, weight in options)
        at = self.integer(0, max(total - 1, 0))
        for option, weight in options:
            if at < weight:
                return option
            at -= weight
        return options[0][0]
