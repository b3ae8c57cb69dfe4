"""What a reporter is, and which ones there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from deadhand.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO

    from deadhand.search.events import Event

FORMATS = ("rich", "plain", "jsonl")


class Reporter(Protocol):
    """Takes the events of a hunt as they come."""

    def __call__(self, event: Event) -> None:
        """Report one event."""

    def close(self) -> None:
        """Leave the stream as it was found; called once, also after an error."""


def reporter(format: str, stream: TextIO) -> Reporter:  # noqa: A002  the option's name
    """The reporter of that name, writing to `stream`. `rich` becomes `plain` where the stream is no terminal.

    Raises UsageError for an unknown name.
    """
    if format == "jsonl":
        from deadhand.report.jsonl import JsonLines

        return JsonLines(stream)
    if format == "rich" and stream.isatty():
        from deadhand.report.terminal import Terminal

        return Terminal(stream)
    if format in ("rich", "plain"):
        from deadhand.report.plain import Plain

        return Plain(stream)
    raise UsageError(f"there is no format named {format!r}", remedy=f"one of: {', '.join(FORMATS)}")
