"""The names of the hazards, as plans, reports and events write them."""

from __future__ import annotations

HAZARD_NAMES = (
    "use after dispose",
    "double dispose",
    "orphan",
    "outlive",
    "epoch",
    "re-enter",
    "raise in callback",
    "cycle",
    "drop",
    "collect",
    "pressure",
    "two of a kind",
    "uninitialised",
    "reinitialise",
    "share",
    "creator ends",
    "overlap",
    "in flight",
    "flood",
    "shortage",
    "touch",
    "interpreter exit",
    "fork",
    "resurrect",
    "sub-interpreter",
    "restart",
    "hostile twin",
    "finalizer",
)
"""What `skip_hazards` may name. The last two are hazards of values: plain values turned hostile, steps run by `__del__`."""
