"""Plan of attack on the specimen depot (MAD-27): boxes in a library that is stopped at exit."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Depot(Target):
    box = Handle(after_dispose=raises(ValueError))

    @creates(box)
    def open(self):
        return self.module.Box()

    @uses
    def put(self, box, number=st.integers(1, 9)):
        return box.put(number)

    @disposes(box)
    def close(self, box):
        box.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Depot):
    """The end of any interpreter stops the library."""

    module = load("depot", "bug")


class Fixed(_Depot):
    """The end of the last one does."""

    module = load("depot", "fixed")
