"""Plan of attack on collections.deque: elements that compare as they like, iterators, and changes under both."""

from collections import deque

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, hostile, invalidates, uses

COUNTS = st.integers(-2, 3) | hostile.index(st.integers(-2, 3))


class Deque(Target):
    queue = Handle()
    walk = Handle(parent=queue)

    @creates(queue)
    def make(self, items=st.lists(st.integers(0, 9), max_size=5) | hostile.iterable(), limit=st.none() | st.integers(0, 4)):
        return deque(items, limit)

    @uses
    def add(self, queue, how=st.sampled_from(["append", "appendleft"]), element=hostile.object() | hostile.equal()):
        getattr(queue, how)(element)

    @uses
    def extend(self, queue, items=hostile.iterable() | hostile.sequence()):
        queue.extend(items)

    @uses
    def search(self, queue, how=st.sampled_from(["index", "count", "remove"]), needle=st.integers(0, 9) | hostile.equal()):
        return getattr(queue, how)(needle)

    @uses
    def turn(self, queue, by=COUNTS):
        queue.rotate(by)

    @uses
    def repeat(self, queue, times=COUNTS):
        queue *= times

    @creates(walk)
    def iterate(self, queue):
        return iter(queue)

    @uses
    def step(self, walk):
        return next(walk)

    @invalidates(walk)
    def clear(self, queue):
        queue.clear()
