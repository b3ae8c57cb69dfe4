"""Plan of attack on memoryview: views, views of views, and what they look at, released in the middle of a call."""

from array import array

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, invalidates, raises, reads, uses

SIZES = st.sampled_from([8, 900, 200_000])
PLACES = st.none() | st.sampled_from([0, 7, -1]) | hostile.index()
NUMBERS = st.integers(0, 99) | hostile.index(st.integers(0, 99))


class Memoryview(Target):
    module = "builtins"
    owner = Handle()
    view = Handle(parent=owner, after_dispose=raises(ValueError))

    @creates(owner)
    def make_bytes(self, size=SIZES):
        return bytearray(bytes([self.nonce() % 100]) * size)

    @creates(owner)
    def make_array(self, size=SIZES, of=st.sampled_from("BhiQd")):
        return array(of, [self.nonce() % 100]) * size

    @invalidates(view)
    def clear(self, owner):
        del owner[:]

    @creates(view)
    def look(self, owner):
        return memoryview(owner)

    @creates(view)
    def part(self, view, start=PLACES, stop=PLACES):
        return view[start:stop]

    @creates(view)
    def cast(self, view, to=st.sampled_from("Bbcd"), shape=st.none() | hostile.sequence(st.just([2, 4]))):
        return view.cast(to) if shape is None else view.cast(to, shape)

    @reads
    def read(self, view):
        return view.tobytes()

    @uses
    def item(self, view, at=NUMBERS):
        return view[at]

    @uses
    def set_item(self, view, at=NUMBERS, value=NUMBERS):
        view[at] = value

    @uses
    def in_hex(self, view, separator=hostile.text(st.just(":")), group=st.integers(1, 9) | hostile.index()):
        return bytes.fromhex(view.hex(separator, group).replace(":", ""))

    @uses
    def contains(self, view, value=hostile.equal()):
        return value in view

    @disposes(view)
    def release(self, view):
        view.release()
