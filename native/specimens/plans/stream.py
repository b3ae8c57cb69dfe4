"""Plan of attack on the specimen stream (MAD-04): a stream that a consumer takes over, or refuses."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, identity, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Stream(Target):
    stream = Handle(after_dispose=raises(ValueError))

    @creates(stream)
    def open(self):
        return self.module.Stream(self.nonce())

    @identity
    def peek(self, stream):
        return stream.peek()

    @uses
    def drain(self, stream, limit=st.integers(-1, 3)):
        return stream.drain(limit)

    @disposes(stream)
    def close(self, stream):
        stream.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Stream):
    """A refused stream is released and kept."""

    module = load("stream", "bug")


class Fixed(_Stream):
    """A refused stream stays with its handle."""

    module = load("stream", "fixed")
