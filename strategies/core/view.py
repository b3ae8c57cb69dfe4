"""Plan of attack on what deadhand's own memory lends to Python: views of spans, parts of them, and arrays over them."""

import ctypes
from contextlib import suppress

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, ledger, raises, reads, uses, works
from deadhand._native import Buffer, BusyHandle, ClosedHandle, FencedHandle, StaleHandle, core_ledger

gone = raises(StaleHandle, ClosedHandle, FencedHandle)


class Views(Target):
    skip_hazards = {"touch": "iter() of a released memoryview is a SystemError before Python 3.13.1: cpython #126341"}
    buffer = Handle(after_dispose=gone)
    span = Handle(parent=buffer, after_dispose=gone)
    view = Handle(parent=span, after_dispose=raises(ValueError))
    array = Handle(parent=view)

    @creates(buffer)
    def make(self, length=st.sampled_from([8, 0, 900, 200_000])):
        return Buffer.of(b"%08d" % self.nonce() * (length // 8))

    @creates(span)
    def pin(self, buffer, offset=st.sampled_from([0, 0, 8, 99]), length=st.sampled_from([8, 0, 801, 199_000])):
        return buffer.span(offset, length)

    @creates(view)
    def lend(self, span, writable=st.booleans()):
        return span.view(writable=writable)

    @creates(view)
    def part(self, view, start=st.sampled_from([None, 1]), how=st.sampled_from(["B", "c", None])):
        return view[start:].cast(how) if how else memoryview(view.obj)

    @creates(array)
    def array_over(self, view, how=st.sampled_from([ctypes.c_char, ctypes.c_uint64])):
        return (how * (view.nbytes // ctypes.sizeof(how))).from_buffer(view)

    @reads(after_dispose=raises(ValueError))
    def shown(self, view):
        return view.tobytes() if view.readonly else view.nbytes  # nobody may write to what is only shown

    @uses
    def write(self, view, at=st.sampled_from([0, -1])):
        view[at] = view[-1]

    @uses
    def write_array(self, array, at=st.sampled_from([0, -1])):
        array[at] = array[-1]

    @uses
    def use(self, buffer, data=st.sampled_from([b"", b"8 bytes!"]) | hostile.data()):
        return buffer.write(data), buffer.read()

    @uses(after_dispose=works)  # another buffer's view may be refused first
    def fill(self, span, buffer, writable=st.booleans()):
        with span.view(writable=writable) as view:
            buffer.read_into(view)

    @uses
    def pinned(self, span, writable=st.booleans(), struck=st.sampled_from([False, False, True])):
        with span.view(writable=writable), suppress(BusyHandle, FencedHandle):
            assert span.provoke_panic() if struck else span.close(), "a span was closed under a view of it"

    @disposes(view)
    def release(self, view):
        view.release()

    @disposes(span)
    def unpin(self, span):
        span.close()

    @disposes(buffer)
    def close(self, buffer):
        buffer.close()

    @ledger
    def alive(self):
        return sum(count for kind, count in core_ledger().items() if kind != "queued")
