"""What is alive."""

from __future__ import annotations

from ._low import function

_alive = function("alive", "bn", "h")
_KINDS = ["store", "reader", "writer", "deleter", "queued", "buffer", "slice", "span", "pool", "text", "event"]
_KINDS += ["registration", "producer", "consumer", "item", "runtime", "task", "bytes"]


def core_ledger() -> dict[str, int]:
    """How many objects of each kind are alive in this process; `queued` are disposed of and wait for their own thread."""
    return {kind: _alive(kind.encode(), len(kind)) for kind in _KINDS}
