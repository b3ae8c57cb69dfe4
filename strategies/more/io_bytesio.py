"""Plan of attack on io: BytesIO and its buffers, buffered and text files over a raw file that is written in Python."""

import io

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, raises, reads, uses, works

SIZES = st.sampled_from([-1, 0, 8, 900, 200_000]) | hostile.index()
DATA = st.sampled_from([b"", b"ab\ncd", b"x" * 900, b"x" * 200_000]) | hostile.buffer()
CALLS = st.sampled_from(["read", "readline", "readlines", "seek", "truncate", "peek"])
WRAPPERS = st.sampled_from([io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper])


class Io(Target):
    file = Handle(after_dispose=works)  # io looks late: readline(0) of a closed writer is b""
    view = Handle(parent=file, after_dispose=raises(ValueError))

    @creates(file)
    def memory(self, data=DATA):
        return io.BytesIO(data)

    @creates(file)
    def wrap(self, raw=hostile.file(), wrapper=WRAPPERS):
        return wrapper(raw)

    @uses
    def call(self, file, how=CALLS, size=SIZES):
        return getattr(file, how)(size)

    @uses
    def fill(self, file, by=st.sampled_from(["write", "readinto", "writelines"]), data=DATA | hostile.iterable()):
        return getattr(file, by)(data)

    @creates(view)
    def look(self, file):
        return file.getbuffer()

    @reads
    def read(self, view):
        return view.tobytes()

    @disposes(view)
    def release(self, view):
        view.release()

    @disposes(file)
    def detach(self, file):
        file.detach()

    @disposes(file)
    def close(self, file):
        file.close()
