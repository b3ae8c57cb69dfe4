"""What deadhand does to any handle: one hazard per file."""

from __future__ import annotations

from deadhand.hazards.base import Hazard
from deadhand.hazards.collect import Collect
from deadhand.hazards.creator_ends import CreatorEnds
from deadhand.hazards.cycle import Cycle
from deadhand.hazards.double_dispose import DoubleDispose
from deadhand.hazards.drop import Drop
from deadhand.hazards.epoch import Epoch
from deadhand.hazards.flood import Flood
from deadhand.hazards.fork import Fork
from deadhand.hazards.in_flight import InFlight
from deadhand.hazards.interpreter_exit import InterpreterExit
from deadhand.hazards.orphan import Orphan
from deadhand.hazards.outlive import Outlive
from deadhand.hazards.overlap import Overlap
from deadhand.hazards.pressure import Pressure
from deadhand.hazards.raise_in_callback import RaiseInCallback
from deadhand.hazards.reenter import Reenter
from deadhand.hazards.reinitialise import Reinitialise
from deadhand.hazards.restart import Restart
from deadhand.hazards.resurrect import Resurrect
from deadhand.hazards.share import Share
from deadhand.hazards.shortage import Shortage
from deadhand.hazards.subinterpreter import SubInterpreter
from deadhand.hazards.touch import Touch
from deadhand.hazards.two_of_a_kind import TwoOfAKind
from deadhand.hazards.uninitialised import Uninitialised
from deadhand.hazards.use_after_dispose import UseAfterDispose

HAZARDS: tuple[Hazard, ...] = (
    UseAfterDispose(),
    DoubleDispose(),
    Orphan(),
    Outlive(),
    Epoch(),
    Reenter(),
    RaiseInCallback(),
    Cycle(),
    Drop(),
    Collect(),
    Pressure(),
    TwoOfAKind(),
    Uninitialised(),
    Reinitialise(),
    Share(),
    CreatorEnds(),
    Overlap(),
    InFlight(),
    Flood(),
    Shortage(),
    Touch(),
    InterpreterExit(),
    Fork(),
    Resurrect(),
    SubInterpreter(),
    Restart(),
)
"""Every hazard there is."""

VERBS: dict[str, Hazard] = {"@" + hazard.verb: hazard for hazard in HAZARDS if hazard.verb}
"""The hazards that are steps of their own, by the step's name."""

__all__ = ["HAZARDS", "VERBS", "Hazard"]
