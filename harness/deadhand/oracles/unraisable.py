"""Unraisable: an exception that nobody could catch (`sys.unraisablehook`, `threading.excepthook`): native code lost it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """At most one finding: the first exception that was lost."""
    open_: list[int] = []
    for event in view.history.events:
        if event[0] == H.BEGIN:
            open_.append(event[1])
        elif event[0] in (H.RETURNED, H.RAISED, H.SKIPPED) and event[1] in open_:
            open_.remove(event[1])
        elif event[0] == H.LOST:
            name = event[2][0].rpartition(".")[2]
            detail = f"an exception was lost: {name}: {event[3]} ({event[1]})"
            return [Finding("unraisable", name, detail, abs(open_[-1]) if open_ else 0, view.history.phase() if not open_ else "steps")]
    return []
