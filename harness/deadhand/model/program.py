"""A program: a finite list of symbolic steps over threads, and the values they hold. Plain data, no live object.

Steps are numbered from 1 in the order they are written, nested steps included: that number is the step's name in the
history, in the report and in the exported script. Scalars stand for themselves; every other value is a tagged record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

import msgspec

from deadhand.model.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

HAZARD_MARK = "@"
"""A step whose name begins with this is a hazard; any other is an operation of the target."""


FLIGHTS = {
    "cancel": "cancelled",
    "drop": "dropped",
    "close": "its loop closed",
    "bare": "driven without a loop",
}
"""How an operation that is awaited may end before its time, and how that is said."""


class Ref(msgspec.Struct, frozen=True, tag="handle", tag_field="t"):
    """A handle, by the name of the variable that holds it."""

    name: str


class Blob(msgspec.Struct, frozen=True, tag="bytes", tag_field="t", omit_defaults=True):
    """Bytes: written out in `hex`, or, for long ones, `size` times the byte `fill`."""

    kind: str = "bytes"
    hex: str = ""
    fill: int | None = None
    size: int = 0

    def build(self) -> bytes | bytearray:
        """The bytes themselves."""
        raw = bytes.fromhex(self.hex) if self.fill is None else bytes([self.fill]) * self.size
        return bytearray(raw) if self.kind == "bytearray" else raw


class Number(msgspec.Struct, frozen=True, tag="number", tag_field="t"):
    """A number JSON cannot hold exactly: a long integer, nan, an infinity, a complex number."""

    kind: str
    text: str

    def build(self) -> int | float | complex:
        """The number itself."""
        kinds: dict[str, type[int | float | complex]] = {"int": int, "float": float, "complex": complex}
        return kinds[self.kind](self.text)


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="t"):
    """Text with lone surrogates, as UTF-8 with `surrogatepass`, in hex."""

    hex: str

    def build(self) -> str:
        """The text itself."""
        return bytes.fromhex(self.hex).decode("utf-8", "surrogatepass")


class Pick(msgspec.Struct, frozen=True, tag="pick", tag_field="t"):
    """The n-th object that the plan offers for this parameter (classes, enum members …): only the plan can name it."""

    index: int
    label: str


class Items(msgspec.Struct, frozen=True, tag="items", tag_field="t"):
    """A container. A dict is its keys and values in turn."""

    kind: str
    items: tuple[Value, ...] = ()


class Hostile(msgspec.Struct, frozen=True, tag="hostile", tag_field="t", omit_defaults=True):
    """A value that answers one protocol and, at its n-th call, runs steps in the middle of the call it was given to.

    `raises`: it raises after its steps. `cycle`: it holds the handles of its call strongly, so that only the collector
    can free them. `keep`: what the protocol method was given becomes the handle of this name. `when="death"`: the steps
    run when the object is finalized. The protocol "steps" is no value for a library: it is what a hazard's own step holds
    (`@fork`, `@subinterpreter`), to be run elsewhere.
    """

    protocol: str
    value: Value = None
    nth: int = 1
    body: tuple[Step, ...] = ()
    raises: bool = False
    cycle: bool = False
    keep: str | None = None
    when: str = "call"


class Lent(msgspec.Struct, frozen=True, tag="borrowed", tag_field="t"):
    """A temporary buffer that is overwritten and dropped right after the call."""

    value: Value


Value = Union[None, bool, int, float, str, Ref, Blob, Number, Text, Pick, Items, Hostile, Lent]  # noqa: UP007  msgspec resolves it


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step: an operation of the target, or a hazard (`@drop`, `@collect` …).

    `out` names the handle it makes. `thread` 0 is the main thread. `overlap`: it starts together with the step before
    it and does not wait for it. `stress`: the collector runs at every allocation during it. `flight`: how an awaited
    operation ends before its time, at the await number `pause`; one of FLIGHTS.
    """

    do: str
    args: dict[str, Value] = {}
    out: str | None = None
    thread: int = 0
    overlap: bool = False
    stress: bool = False
    flight: str = ""
    pause: int = 1

    @property
    def is_hazard(self) -> bool:
        """Whether deadhand itself does this, rather than an operation of the target."""
        return self.do.startswith(HAZARD_MARK)


class Program(msgspec.Struct, frozen=True, omit_defaults=True):
    """Steps, and how the program ends.

    `collect`: drop all, collect, check. `exit`: leave the interpreter with every handle still alive. `schedule`: how
    overlapping steps run; without one, on free-running threads.
    """

    steps: tuple[Step, ...] = ()
    ending: str = "collect"
    schedule: Schedule | None = None

    def walk(self) -> Iterator[tuple[int, Step, int]]:
        """Each step as (number, step, number of the step it runs inside or 0), in writing order."""
        counter = [0]
        for step in self.steps:
            yield from _walk(step, 0, counter)

    def size(self) -> int:
        """How many steps there are, nested ones included."""
        return sum(1 for _ in self.walk())

    def threads(self) -> int:
        """How many threads take part."""
        return len({step.thread for _, step, _ in self.walk()} | {0})

    def regions(self) -> list[range]:
        """For each overlap group, in order, the places of its steps in `steps`."""
        found: list[range] = []
        at = 0
        while at < len(self.steps):
            end = at + 1
            while end < len(self.steps) and self.steps[end].overlap:
                end += 1
            if end > at + 1:
                found.append(range(at, end))
            at = end
        return found

    def encode(self) -> bytes:
        """JSON bytes."""
        return _ENCODER.encode(self)

    @staticmethod
    def decode(data: bytes) -> Program:
        """The program in JSON bytes; raises msgspec.ValidationError when they are no program."""
        return _DECODER.decode(data)


def _walk(step: Step, inside: int, counter: list[int]) -> Iterator[tuple[int, Step, int]]:
    counter[0] += 1
    number = counter[0]
    yield number, step, inside
    for hostile in hostiles(step):
        for nested in hostile.body:
            yield from _walk(nested, number, counter)


def hostiles(step: Step) -> Iterator[Hostile]:
    """The hostile values among a step's arguments, in writing order (not those of nested steps)."""
    for value in step.args.values():
        yield from _hostiles_in(value)


def _hostiles_in(value: Value) -> Iterator[Hostile]:
    if isinstance(value, Hostile):
        yield value
        yield from _hostiles_in(value.value)
    elif isinstance(value, Items):
        for item in value.items:
            yield from _hostiles_in(item)
    elif isinstance(value, Lent):
        yield from _hostiles_in(value.value)


def refs(step: Step) -> Iterator[str]:
    """The names of the handles a step is given directly (not those of its nested steps)."""
    for value in step.args.values():
        yield from refs_in(value)


def refs_in(value: Value) -> Iterator[str]:
    """The names of the handles in one value."""
    if isinstance(value, Ref):
        yield value.name
    elif isinstance(value, Items):
        for item in value.items:
            yield from refs_in(item)
    elif isinstance(value, (Lent, Hostile)):
        yield from refs_in(value.value)


def picks_in(value: Value) -> Iterator[Pick]:
    """The objects of the plan's own that one value names, wherever they lie in it."""
    if isinstance(value, Pick):
        yield value
    elif isinstance(value, Items):
        for item in value.items:
            yield from picks_in(item)
    elif isinstance(value, (Lent, Hostile)):
        yield from picks_in(value.value)


def replace(record: Any, **changes: Any) -> Any:
    """A copy of a record with some fields changed."""
    return msgspec.structs.replace(record, **changes)


# Arguments keep their order: the numbers of nested steps depend on it.
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Program)
