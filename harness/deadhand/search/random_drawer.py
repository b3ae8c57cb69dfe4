"""Choices from a plain random generator: four to five times more programs per CPU second than drawing by Hypothesis.

Values still come from the plan's strategies: a pool for each parameter is drawn by Hypothesis once, and sampled.
"""

from __future__ import annotations

import random
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from deadhand.errors import PlanError
from deadhand.hazards import weights
from deadhand.hazards.drawer import Drawer
from deadhand.hazards.selectors import selectors
from deadhand.model.values import HostileSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deadhand.target.describe import Description, Operation, Parameter

T = TypeVar("T")
_POOL = 150
_CONTESTANTS = 3
_SIZES = (128 << 10, 16 << 20)
_VARIETY = 6  # an operation that stands for more calls than this counts as so many


class Pools:
    """For each parameter the values that its strategy drew, hostile and plain ones apart. Raises PlanError when one cannot draw."""

    def __init__(self, target: Description, number: int) -> None:
        self.plain: dict[tuple[str, str], list[Any]] = {}
        self.hostile: dict[tuple[str, str], list[Any]] = {}
        strategies = {
            f"{operation.name}.{parameter.name}": parameter.strategy
            for operation in target.operations.values()
            for parameter in operation.parameters
            if parameter.strategy is not None
        }
        if not strategies:
            return
        try:
            drawn = _sample(strategies, number)
        except Exception as error:  # the plan's own functions run inside its strategies
            raise PlanError(f"{target.path}: no values can be drawn from a strategy of {target.cls.__qualname__}: {type(error).__name__}: {error}", remedy="draw an example of each of its strategies alone; the first that raises is the wrong one") from error
        for name, values in drawn.items():
            key = tuple(name.split(".", 1))
            self.plain[key] = [value for value in values if not _is_hostile(value)]  # type: ignore[index]
            self.hostile[key] = [value for value in values if _is_hostile(value)]  # type: ignore[index]


def _sample(strategies: dict[str, st.SearchStrategy[Any]], number: int) -> dict[str, list[Any]]:
    drawn: dict[str, list[Any]] = {name: [] for name in strategies}

    @seed(number)
    @settings(max_examples=_POOL, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries(strategies))
    def collect(values: dict[str, Any]) -> None:
        for name, value in values.items():
            drawn[name].append(value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return drawn


def _is_hostile(value: Any) -> bool:
    if isinstance(value, HostileSpec):
        return True
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_is_hostile(item) for item in value)
    return isinstance(value, dict) and any(_is_hostile(item) for item in (*value.keys(), *value.values()))


class RandomDrawer(Drawer):
    """Draws from a seeded generator; remembers what it tried, so that `least_tried` spreads over what there is."""

    def __init__(self, pools: Pools, number: int) -> None:
        self.pools = pools
        self.random = random.Random(number)
        self.tried: Counter[str] = Counter()
        self._random = self.random.random
        self.encoded = {}
        self._totals: dict[int, tuple[object, int]] = {}
        self._selecting: dict[str, tuple[str, ...]] = {}
        self._variety: dict[str, int] = {}
        self._said: dict[tuple[str, str], set[str]] = {}
        self._large: dict[tuple[str, str], list[Any]] = {}

    def integer(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))

    def choose(self, options: Sequence[T]) -> T:
        count = len(options)
        return options[int(self._random() * count)] if count > 1 else options[0]

    def chance(self, percent: int) -> bool:
        return self._random() * 100 < percent

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        known = self._totals.get(id(options))
        if known is None or known[0] is not options:
            known = self._totals[id(options)] = (options, sum(weight for _, weight in options))
        at = self._random() * known[1]
        for option, weight in options:
            at -= weight
            if at < 0:
                return option
        return options[0][0]

    def offers(self, operation: Operation, parameter: Parameter, drawn_for: Parameter, value: Any) -> bool:
        if parameter.strategy is drawn_for.strategy:
            return True
        key = (operation.name, parameter.name)
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = {repr(each) for each in self.pools.plain.get(key, ())}
        return repr(value) in said

    def large(self, key: tuple[str, str], plain: list[Any]) -> list[Any]:
        """Those of the values that make a block too big for the small allocators: what is freed then faults, or shows."""
        known = self._large.get(key)
        if known is None:
            known = self._large[key] = [value for value in plain if _SIZES[0] <= (value if type(value) is int else len(value) if isinstance(value, (bytes, bytearray)) else 0) <= _SIZES[1]]
        return known

    def spread(self, operations: list[Operation]) -> list[Operation]:
        return [each for each in operations for _ in range(self.variety(each))]

    def variety(self, operation: Operation) -> int:
        """How many calls an operation stands for."""
        known = self._variety.get(operation.name)
        if known is None:
            known = 1
            for name in self.selecting(operation):
                key = (operation.name, name)
                known = max(known, len({repr(value) for value in self.pools.plain.get(key, ())}))
            known = self._variety[operation.name] = min(known, _VARIETY)
        return known

    def selecting(self, operation: Operation) -> tuple[str, ...]:
        """The parameters that select what is called."""
        known = self._selecting.get(operation.name)
        if known is None:
            known = self._selecting[operation.name] = selectors(operation)
        return known

    def value(self, operation: Operation, parameter: Parameter, *, hostile: bool | None = None) -> Any:
        key = (operation.name, parameter.name)
        plain, odd = self.pools.plain.get(key, []), self.pools.hostile.get(key, [])
        if odd and (not plain or (hostile is not False and (hostile or self.chance(weights.HOSTILE_SLOT)))):
            return self.choose(odd)
        if parameter.name in self.selecting(operation):
            return self.least_tried(plain, lambda value: f"select>{operation.name}>{parameter.name}>{value!r}")
        if operation.creates and (large := self.large(key, plain)) and self.chance(weights.LARGE):
            return self.choose(large)
        return self.choose(plain)

    def least_tried(self, options: Sequence[T], key: Callable[[T], str]) -> T:
        if len(options) == 1:
            return options[0]
        best, least, name = options[0], -1, ""
        for _ in range(_CONTESTANTS):
            option = self.choose(options)
            text = key(option)
            count = self.tried[text]
            if least < 0 or count < least:
                best, least, name = option, count, text
        self.tried[name] += 1
        return best
