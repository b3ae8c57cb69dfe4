"""deadhand on one plan, until its first find is confirmed and minimised: status 1 if there is one in time, else 0."""

import os
import resource
import sys
import time

from deadhand.search.pursuit import Pursuit
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker.evidence import MODES, available


def main() -> int:
    """One hunt with one zygote at a time, all evidence modes and the default mix of schedules."""
    seconds = float(os.environ["PEER_SECONDS"])
    pursuit = Pursuit(
        load(os.environ["PEER_PLAN"])[0],
        settings=Settings(),
        modes=[mode for mode in MODES if not available(mode)],
        number=int(os.environ["PEER_SEED"]),
        corpus=None,
        jobs=1,
        include_unsafe=False,
        emit=lambda _: None,
        enough=lambda _: True,
    )
    try:
        pursuit.run(time.monotonic() + 4 * seconds, None)
        found = bool(pursuit.found)
    finally:
        pursuit.close()
    used = sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return int(found and used <= seconds)


if __name__ == "__main__":
    sys.exit(main())
