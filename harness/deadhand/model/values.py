"""What a strategy drew, as plain data: `encode_value` turns it into a program's value, or says why it cannot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from deadhand.model.program import Blob, Hostile, Items, Lent, Number, Pick, Ref, Text, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

_INT64 = 2**63


class HostileSpec:
    """What a `hostile.*` strategy draws: the protocol and its ordinary answer; the search adds the rest."""

    __slots__ = ("protocol", "value")

    def __init__(self, protocol: str, value: object = None) -> None:
        self.protocol = protocol
        self.value = value

    def __repr__(self) -> str:
        return f"hostile.{self.protocol}({self.value!r})"


class NotPlain(TypeError):  # noqa: N818  reads as the sentence it stands for
    """A drawn value is no plain data and no object that the plan offers by `sampled_from` or `just`."""


def encode_value(value: object, offered: Sequence[object] = ()) -> Value:
    """Turn a drawn `value` into data; `offered` are the objects that the parameter's strategy names outright.

    Raises NotPlain, naming the type, for anything else.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value  # type: ignore[return-value]
    if isinstance(value, HostileSpec):
        return Hostile(protocol=value.protocol, value=encode_value(value.value, offered))
    if kind is int:
        return value if -_INT64 <= value < _INT64 else Number("int", str(value))  # type: ignore[operator, return-value]
    if kind is float:
        return value if math.isfinite(value) else Number("float", str(value))  # type: ignore[arg-type, return-value]
    if kind is complex:
        return Number("complex", str(value))
    if kind is str:
        try:
            value.encode()  # type: ignore[attr-defined]
        except UnicodeEncodeError:
            return Text(value.encode("utf-8", "surrogatepass").hex())  # type: ignore[attr-defined]
        return value  # type: ignore[return-value]
    if kind in (bytes, bytearray):
        return encode_bytes(value)  # type: ignore[arg-type]
    if kind in (list, tuple, set, frozenset):
        return Items(kind.__name__, tuple(encode_value(item, offered) for item in value))  # type: ignore[attr-defined]
    if kind is dict:
        pairs = (encode_value(part, offered) for pair in value.items() for part in pair)  # type: ignore[attr-defined]
        return Items("dict", tuple(pairs))
    for index, candidate in enumerate(offered):
        if candidate is value:
            return Pick(index, label_of(value))
    raise NotPlain(kind.__qualname__)


def encode_bytes(value: bytes | bytearray) -> Blob:
    """Bytes as data: a run of one byte is written by its length."""
    kind = type(value).__name__
    if len(value) > 16 and value.count(value[0]) == len(value):
        return Blob(kind=kind, fill=value[0], size=len(value))
    return Blob(kind=kind, hex=value.hex())


def label_of(value: object) -> str:
    """A short stable name for an offered object, to notice when a plan's list changed under a case."""
    name = getattr(value, "__qualname__", None) or getattr(value, "name", None)
    return f"{type(value).__name__}:{name}" if isinstance(name, str) else type(value).__name__


def is_plain(value: Value) -> bool:
    """Whether `value` holds neither handle nor hostile part."""
    if isinstance(value, Items):
        return all(is_plain(item) for item in value.items)
    if isinstance(value, Lent):
        return is_plain(value.value)
    return not isinstance(value, (Ref, Hostile))
