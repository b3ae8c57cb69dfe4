"""What a result looked like: a digest to compare reads by, and whether it holds freed memory's fill byte."""

from __future__ import annotations

import hashlib
from typing import Any

_SHOWN = 160
_RUN = 8
_ITEMS = 20
_PART = 1 << 16


def digest(value: Any) -> str:
    """A short text that is equal for equal answers: type and repr, for bytes also length and hash."""
    kind = type(value).__name__
    try:
        raw = _raw(value)
        if raw is not None:
            head = bytes(raw[:24]).hex()
            return f"{kind}[{raw.nbytes}] {head} #{hashlib.sha1(raw, usedforsecurity=False).hexdigest()[:12]}"
        text = repr(value)
    except Exception as error:  # noqa: BLE001  a hostile or broken object may raise anything
        return f"{kind} whose repr raised {type(error).__name__}"
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}… #{hashlib.sha1(text.encode('utf-8', 'replace'), usedforsecurity=False).hexdigest()[:12]}"
    return f"{kind} {text}"


def _raw(value: Any) -> memoryview | None:
    if isinstance(value, (str, int, float, list, tuple, dict, type(None))):
        return None
    try:
        view = memoryview(value)
        return view.cast("B") if view.c_contiguous and view.ndim >= 1 else memoryview(view.tobytes())
    except (TypeError, BufferError, ValueError):
        return None


def exports_buffer(value: Any) -> bool:
    """Whether the object gives out its memory (it is a view, an array, a mapping …)."""
    try:
        memoryview(value).release()
    except (TypeError, BufferError, ValueError):
        return False
    return True


def shows_fill(value: Any, fill: int, depth: int = 2) -> bool:
    """Whether a result holds a run of `fill`, the byte that freed memory is overwritten with."""
    kind = type(value)
    if kind is int:
        pattern = int.from_bytes(bytes([fill]) * 4, "little")
        magnitude = value & 0xFFFFFFFFFFFFFFFF
        return bool((magnitude & 0xFFFFFFFF) == pattern or (magnitude >> 32) == pattern)
    if kind is bytes or kind is bytearray:
        return bytes([fill]) * _RUN in value[:_PART]
    if kind is str:
        return chr(fill) * _RUN in value[:_PART] or chr(fill << 8 | fill) * (_RUN // 2) in value[:_PART]
    if kind in (list, tuple) and depth:
        return any(shows_fill(item, fill, depth - 1) for item in value[:_ITEMS])
    if kind in (bool, float, type(None), dict, set):
        return False
    if kind is memoryview or hasattr(kind, "__array_interface__"):
        raw = _raw(value)
        return raw is not None and bytes([fill]) * _RUN in bytes(raw[:_PART])
    return False
