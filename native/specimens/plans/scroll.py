"""Plan of attack on the specimen scroll (MAD-04): lines of text, for which memory may fail."""

import sys
from pathlib import Path

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, ledger, raises, reads, uses

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load


class _Scroll(Target):
    memory_may_fail = True
    scroll = Handle(after_dispose=raises(ValueError))

    @creates(scroll)
    def open(self):
        return self.module.Scroll()

    @uses
    def append(self, scroll, line=st.sampled_from(["", "a line of text"])):
        scroll.append(line)

    @reads
    def text(self, scroll):
        return scroll.text()

    @disposes(scroll)
    def close(self, scroll):
        scroll.close()

    @ledger
    def alive(self):
        return self.module.alive()


class Bug(_Scroll):
    """Without memory for a line, append() frees the list that the scroll keeps."""

    module = load("scroll", "bug")


class Fixed(_Scroll):
    """It frees what it made, and nothing else."""

    module = load("scroll", "fixed")
