"""Plan of attack on itertools: iterators over iterators that call back while they are advanced."""

import itertools

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, hostile, uses


class Iterators(Target):
    source = Handle()
    branch = Handle(parent=source)

    @creates(source)
    def make(self, over=hostile.iterable(st.lists(st.integers(0, 3), min_size=3))):
        return iter(over)

    @creates(branch)
    def wrap(self, source, by=st.sampled_from(["accumulate", "chain", "cycle", "groupby", "pairwise", "zip_longest", "product", "permutations"])):
        return getattr(itertools, by)(source)

    @creates(branch)
    def call_back(self, source, function: Reentry, by=st.sampled_from(["groupby", "accumulate", "takewhile", "dropwhile", "filterfalse", "starmap"])):
        return getattr(itertools, by)(*((source, function) if by in ("groupby", "accumulate") else (function, source)))

    @creates(branch)
    def tee(self, source):
        return itertools.tee(source)[1]

    @uses
    def step(self, branch):
        return next(branch)
