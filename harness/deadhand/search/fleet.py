"""The lanes of one target: one zygote per evidence mode, and more of them when work is done side by side."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from deadhand.errors import WorkerError
from deadhand.worker.controller import Lane

if TYPE_CHECKING:
    from deadhand.settings import Settings
    from deadhand.target.describe import Description

_MOST_LOSSES = 3


class Fleet:
    """Starts the lanes that are asked for and ends them together. Not for two threads at a time."""

    def __init__(self, target: Description, settings: Settings, modes: list[str], *, side_by_side: int = 1, include_unsafe: bool = False) -> None:
        self.target = target
        self.settings = settings
        self.modes = modes
        self.broken: dict[str, str] = {}
        self._most = side_by_side + 1
        self._include_unsafe = include_unsafe
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._begun: dict[tuple[str, int], Lane] = {}
        self._losses: dict[str, int] = {}
        self._closed = False

    def lane(self, mode: str, number: int = 0) -> Lane | None:
        """The started lane of a mode; None when its zygote cannot start."""
        key = (mode, number)
        if key not in self._lanes:
            if mode in self.broken or self._closed:
                return None
            lane = self._begun.pop(key, None) or self._new_lane(mode)
            try:
                lane.start()
            except WorkerError as error:
                self.broken[mode] = error.message
                return None
            self._lanes[key] = lane
        return self._lanes[key]

    def idle_lane(self, mode: str) -> Lane | None:
        """A lane of `mode` in which nothing runs."""
        for number in range(self._most):
            lane = self.lane(mode, number)
            if lane is None or not lane.busy:
                return lane
        return None

    def busy(self) -> list[Lane]:
        """The lanes in which a child runs."""
        return [lane for lane in self._lanes.values() if lane.busy]

    def evidence(self) -> dict[str, str]:
        """For each mode "looks", or why it is blind here. Starts every mode once, all at the same time."""
        told: dict[str, str] = {}
        for mode in self.modes:
            if (mode, 0) not in self._begun and (mode, 0) not in self._lanes and mode not in self.broken:
                begun = self._begun[mode, 0] = self._new_lane(mode)
                with contextlib.suppress(WorkerError):
                    begun.begin()
        for mode in self.modes:
            lane = self.lane(mode)
            told[mode] = self.broken.get(mode, "cannot start") if lane is None else lane.blind or "looks"
        return told

    def threads(self) -> int:
        """The most threads that a zygote had before it forked, its own included."""
        return max((lane.threads for lane in self._lanes.values()), default=1)

    def notes(self) -> list[str]:
        """What the zygotes say about their own blind spots."""
        return list(dict.fromkeys(note for lane in self._lanes.values() for note in lane.notes))

    def drop(self, lane: Lane) -> None:
        """A lane whose zygote is gone: the next one asked for is new; a mode that keeps losing its zygote is given up."""
        key = next(key for key, each in self._lanes.items() if each is lane)
        lane.close()
        del self._lanes[key]
        self._losses[lane.mode] = self._losses.get(lane.mode, 0) + 1
        if self._losses[lane.mode] > _MOST_LOSSES:
            self.broken[lane.mode] = "its zygote keeps dying"

    def close(self) -> None:
        """End every lane; also while another thread waits for one, which is then told WorkerError."""
        self._closed = True
        for lane in (*self._lanes.values(), *self._begun.values()):
            lane.close()

    def _new_lane(self, mode: str) -> Lane:
        return Lane(self.target, mode, self.settings, include_unsafe=self._include_unsafe)
