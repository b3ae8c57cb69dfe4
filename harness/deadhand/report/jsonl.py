"""JSON lines: one event per line, as it comes; the summary last. For machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from typing import TextIO

    from deadhand.search.events import Event

_encode = msgspec.json.Encoder().encode


class JsonLines:
    """Writes each event, and flushes: a reader at the other end of a pipe waits for it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, event: Event) -> None:
        """Write one event."""
        self.stream.write(_encode(event).decode() + "\n")
        self.stream.flush()

    def close(self) -> None:
        """Nothing is left to write."""
