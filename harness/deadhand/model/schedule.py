"""A schedule: which thread of an overlap group goes on, decision by decision. Plain data, no live object.

An overlap group runs as a *region*: one thread at a time, and at each decision (before a lock is taken, after one is let
go, at a free, between steps) another may be chosen. The default never switches: it goes on with the running thread, and
when that one blocks or ends, with the lowest-numbered one that can run. A schedule is the few switches that differ from
it, so it stays short, can be read, and shrinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VERSION = 1
"""The version of the meaning of a schedule: what a decision is, and the default. A newer one is not replayed, but said so."""

MODES = ("controlled", "serial", "free")
HUNT_MODES = ("mixed", *MODES)
"""How a hunt runs overlapping steps. mixed: controlled, and a share on free-running threads, which see what control cannot."""

POLICIES = ("default", "pct", "pos", "surw", "walk", "replay")


class Switch(msgspec.Struct, frozen=True, order=True):
    """At decision `at` of region `region`, both counted from 0, thread `to` of the program goes on."""

    region: int
    at: int
    to: int


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the overlap groups of a program run.

    `mode`: under control, one step after another ("serial"), or as the system pleases ("free"). `policy` chooses at each
    decision: "replay" takes `switches` and the default everywhere else; the others draw from `seed`, "pct" with `depth`
    points at which it changes its mind. `length` is how many decisions are expected.
    """

    mode: str = "controlled"
    policy: str = "default"
    seed: int = 0
    depth: int = 0
    length: int = 0
    switches: tuple[Switch, ...] = ()
    version: int = VERSION

    def of(self, region: int) -> list[tuple[int, int]]:
        """The switches of one region."""
        return [(each.at, each.to) for each in self.switches if each.region == region]


def replaying(switches: Iterable[Switch]) -> Schedule:
    """The schedule that makes exactly these switches."""
    return Schedule(policy="replay", switches=tuple(sorted(switches)))


def wrong(schedule: Schedule) -> str:
    """What is wrong with a schedule from a stranger, or an empty string."""
    if schedule.version != VERSION:
        return f"its schedule has version {schedule.version}; this deadhand replays version {VERSION}"
    if schedule.mode not in MODES:
        return f"its schedule has mode {schedule.mode!r}, not one of {', '.join(MODES)}"
    if schedule.policy not in POLICIES:
        return f"its schedule has policy {schedule.policy!r}, not one of {', '.join(POLICIES)}"
    numbers = [schedule.seed, schedule.depth, schedule.length, *(number for each in schedule.switches for number in (each.region, each.at, each.to))]
    return "its schedule holds a negative number" if min(numbers) < 0 else ""


def renumbered(switches: Sequence[Switch], regions: dict[int, int]) -> tuple[Switch, ...]:
    """The switches of the regions that are left, under their new numbers."""
    return tuple(Switch(regions[each.region], each.at, each.to) for each in switches if each.region in regions)
