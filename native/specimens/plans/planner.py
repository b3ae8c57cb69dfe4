"""Plan of attack on the specimen planner (MAD-23): a session that plans queries without the GIL."""

import sys
from pathlib import Path

from deadhand import Handle, Target, creates, ledger, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Planner(Target):
    planner = Handle()

    @creates(planner)
    def create(self):
        return self.module.Planner()

    @uses
    def plan(self, planner):
        return planner.plan()

    @uses
    def plans(self, planner):
        return planner.plans()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Planner):
    """plan() borrows the session exclusively."""

    module = load("planner", "bug")


class Fixed(_Planner):
    """plan() shares it."""

    module = load("planner", "fixed")
