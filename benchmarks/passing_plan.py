"""A small plan on a library that does it right, for measuring what a passing program costs."""

import io

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, raises, uses


class Passing(Target):
    module = io
    stream = Handle(after_dispose=raises(ValueError))

    @creates(stream)
    def open(self, data=st.sampled_from([b"", b"abcdefgh"])):
        return io.BytesIO(data)

    @uses
    def read(self, stream, size=st.integers(-1, 9)):
        return stream.read(size)

    @uses
    def write(self, stream, data=st.sampled_from([b"", b"xyz"])):
        return stream.write(data)

    @uses
    def seek(self, stream, to=st.integers(0, 9)):
        return stream.seek(to)

    @disposes(stream)
    def close(self, stream):
        stream.close()
