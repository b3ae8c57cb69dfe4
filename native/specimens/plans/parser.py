"""Plan of attack on the specimen parser (MAD-12): bytes that are fed now and asked for later."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Borrowed, Handle, Target, creates, disposes, ledger, raises, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Parser(Target):
    parser = Handle(after_dispose=raises(ValueError))

    @creates(parser)
    def open(self):
        return self.module.Parser()

    @uses(triggers="rest")
    def feed(self, parser, data: Borrowed = st.binary(min_size=1, max_size=64) | st.just(b"x" * 200_000)):
        parser.feed(data)

    @uses
    def rest(self, parser):
        data, checksum = parser.rest()
        assert sum(data) == checksum

    @disposes(parser)
    def close(self, parser):
        parser.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Parser):
    """The address is kept, the bytes are not."""

    module = load("parser", "bug")


class Fixed(_Parser):
    """The bytes are copied."""

    module = load("parser", "fixed")
