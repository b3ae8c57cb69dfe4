"""Plan of attack on array.array: typed memory that is resized while it is searched, edited or looked at."""

from array import array

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, invalidates, raises, reads, uses

CALLS = st.sampled_from(["append", "remove", "index", "count", "pop", "extend", "fromlist", "frombytes"])
NUMBERS = st.integers(0, 99) | hostile.index(st.integers(0, 99))


class ArrayArray(Target):
    numbers = Handle()
    view = Handle(parent=numbers, after_dispose=raises(ValueError))

    @creates(numbers)
    def make(self, of=st.sampled_from("bhiQfd"), size=st.sampled_from([0, 8, 900, 200_000])):
        return array(of, [self.nonce() % 100]) * size

    @uses
    def call(self, numbers, how=CALLS, value=NUMBERS | hostile.equal() | hostile.iterable(st.lists(NUMBERS))):
        return getattr(numbers, how)(value)

    @uses
    def set_item(self, numbers, at=NUMBERS, value=NUMBERS):
        numbers[at] = value

    @invalidates(view)
    def clear(self, numbers):
        del numbers[:]

    @creates(view)
    def look(self, numbers):
        return memoryview(numbers)

    @reads
    def read(self, view):
        return view.tobytes()

    @disposes(view)
    def release(self, view):
        view.release()
