"""Plan of attack on io.BytesIO: files in memory, and views into their buffer."""

import io

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, raises, reads, uses

SIZES = st.sampled_from([-1, 0, 8, 200_000]) | hostile.index()


class BytesIO(Target):
    file = Handle(after_dispose=raises(ValueError))
    view = Handle(parent=file, after_dispose=raises(ValueError))

    @creates(file)
    def open(self, size=st.sampled_from([0, 8, 900, 200_000])):
        return io.BytesIO(bytes([self.nonce() % 100]) * size)

    @uses
    def call(self, file, how=st.sampled_from(["read", "readline", "readlines", "seek", "truncate"]), size=SIZES):
        return getattr(file, how)(size)

    @uses
    def write(self, file, data=st.binary(max_size=20) | hostile.buffer()):
        return file.write(data)

    @uses
    def write_lines(self, file, lines=hostile.iterable(st.lists(st.binary(max_size=3), max_size=3))):
        file.writelines(lines)

    @creates(view)
    def look(self, file):
        return file.getbuffer()

    @reads
    def bytes_of(self, view):
        return view.tobytes()

    @disposes(view)
    def release(self, view):
        view.release()

    @disposes(file)
    def close(self, file):
        file.close()
