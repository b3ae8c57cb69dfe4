"""Plan of attack on the specimen workers (MAD-28): a queue whose end joins a thread."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Workers(Target):
    queue = Handle(after_dispose=raises(ValueError))

    @creates(queue)
    def open(self):
        return self.module.Queue()

    @uses
    def put(self, queue, number=st.integers(1, 9)):
        queue.put(number)

    @uses
    def total(self, queue):
        return queue.total()

    @disposes(queue)
    def close(self, queue):
        queue.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Workers):
    """The end of a queue joins a thread that is not in the forked child, and panics."""

    module = load("workers", "bug")


class Fixed(_Workers):
    """It joins only where it started the thread."""

    module = load("workers", "fixed")
