"""Loop: the event loop of an awaited step was touched from another thread than its own, by what only its own thread may call.

In the child the call is passed on as `call_soon_threadsafe`; in a user's process the loop may sleep on. Blind to loops
that the plan makes itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812  the letters of the records
from deadhand.model.verdict import Finding

if TYPE_CHECKING:
    from deadhand.oracles.view import View


def judge(view: View) -> list[Finding]:
    """At most one finding: the first touch."""
    event = next((each for each in view.history.events if each[0] == H.FOREIGN), None)
    if event is None:
        return []
    detail = f"{event[2]} of the event loop of step {event[1]} was called on another thread than the loop's own; that takes call_soon_threadsafe"
    return [Finding("loop", "foreign thread", detail, event[1])]
