"""Plan of attack on collections.deque: blocks that come and go while elements are compared."""

from collections import deque

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, hostile, invalidates, uses

ITEMS = st.integers(0, 3) | hostile.equal()


class Deque(Target):
    queue = Handle()
    walk = Handle(parent=queue)

    @creates(queue)
    def make(self, size=st.sampled_from([1, 8, 70, 900]), most=st.none() | st.integers(0, 80)):
        return deque(range(size), most)

    @uses
    def call(self, queue, how=st.sampled_from(["append", "remove", "index", "count", "extend", "extendleft", "rotate", "__contains__", "__add__", "__imul__"]), item=ITEMS | hostile.iterable() | hostile.index()):
        return getattr(queue, how)(item)

    @creates(walk)
    def iterate(self, queue):
        return iter(queue)

    @uses
    def step(self, walk):
        return next(walk)

    @invalidates(walk)
    def end(self, queue, how=st.sampled_from(["clear", "pop", "popleft", "reverse", "__repr__"])):
        return getattr(queue, how)()
