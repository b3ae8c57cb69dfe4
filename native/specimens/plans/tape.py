"""Plan of attack on the specimen tape (MAD-09): tapes that weakref.finalize frees."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Tape(Target):
    tape = Handle(after_dispose=raises(ValueError))

    @creates(tape)
    def open(self):
        return self.module.Tape()

    @uses
    def wind(self, tape, by=st.integers(0, 9)):
        position = tape.wind(by)
        assert 0 <= position < 1_000_000

    @disposes(tape)
    def close(self, tape):
        tape.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Tape):
    """wind() asks only whether close() was called."""

    module = load("tape", "bug")


class Fixed(_Tape):
    """wind() asks the finalizer."""

    module = load("tape", "fixed")
