"""What becomes of a buffer that was only lent."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from deadhand.model.program import Lent
from deadhand.worker.hostile_values import Buffer

if TYPE_CHECKING:
    from deadhand.worker.node import Node


def overwrite(node: Node, args: dict[str, Any]) -> None:
    """Overwrite what was lent, in place, without running any steps, and forget it."""
    for name, value in node.others:
        lent = args.pop(name)
        buffer: Any = getattr(lent, "value", None) if lent.__class__ is Buffer and sys.version_info >= (3, 12) else lent
        if value.__class__ is Lent and isinstance(buffer, bytearray):
            bytearray.__setitem__(buffer, slice(None), b"\x5a" * bytearray.__len__(buffer))
            with contextlib.suppress(BufferError):  # a view of it is still out: it keeps its size
                bytearray.clear(buffer)
    args.clear()
