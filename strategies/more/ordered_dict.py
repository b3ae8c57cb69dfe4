"""Plan of attack on collections.OrderedDict: a dict with a list inside, and keys that compare as they like."""

from collections import OrderedDict

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, hostile, invalidates, uses

KEYS = st.integers(0, 3) | hostile.equal()


class Ordered(Target):
    table = Handle()
    walk = Handle(parent=table)

    @creates(table)
    def make(self, items=st.lists(st.tuples(KEYS, hostile.object()), max_size=6)):
        return OrderedDict(items)

    @uses
    def call(self, table, how=st.sampled_from(["pop", "move_to_end", "get", "setdefault", "__eq__", "update", "__delitem__"]), key=KEYS | hostile.mapping()):
        return getattr(table, how)(key)

    @creates(walk)
    def iterate(self, table, how=st.sampled_from(["__iter__", "__reversed__"])):
        return getattr(table, how)()

    @uses
    def step(self, walk):
        return next(walk)

    @invalidates(walk)
    def end(self, table, how=st.sampled_from(["clear", "popitem", "copy", "__repr__"])):
        return getattr(table, how)()
