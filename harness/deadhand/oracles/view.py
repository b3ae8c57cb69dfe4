"""What an oracle is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deadhand.model.history import History
    from deadhand.model.program import Program
    from deadhand.oracles.timeline import Timeline
    from deadhand.target.describe import Description


@dataclass(frozen=True)
class View:
    """One run: its target, program, history, and the timeline read from the history."""

    target: Description
    program: Program
    history: History
    timeline: Timeline
