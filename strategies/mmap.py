"""Plan of attack on mmap: mappings of a file and of no file, resized and closed while they are used or looked at."""

import mmap

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, invalidates, raises, reads, uses

closed = raises(ValueError)
SIZES = st.sampled_from([200_000, 8, 900])
PLACES = st.sampled_from([-1, 0])
DATA = st.sampled_from([b"", b"abcdefgh", b"x" * 900, b"x" * 200_000])


class Mmap(Target):
    module = mmap
    mapping = Handle(after_dispose=closed)
    view = Handle(parent=mapping, after_dispose=closed)

    @creates(mapping)
    def map_memory(self, size=SIZES):
        return mmap.mmap(-1, size, mmap.MAP_PRIVATE)  # growing a shared one is a SIGBUS of its own

    @creates(mapping)
    def map_file(self, size=SIZES):
        with (self.tmp_path / str(self.nonce())).open("w+b") as file:
            file.truncate(size)
            return mmap.mmap(file.fileno(), size)

    @uses
    def item(self, mapping, at=PLACES | hostile.index()):
        return mapping[at]

    @uses
    def part(self, mapping, start=st.none() | hostile.index(), stop=st.none() | hostile.index()):
        return mapping[start:stop]

    @uses
    def find(self, mapping, needle=DATA | hostile.buffer(), start=PLACES | hostile.index()):
        return mapping.find(needle, start)

    @uses
    def set_item(self, mapping, at=PLACES | hostile.index(), value=st.integers(0, 99) | hostile.index()):
        mapping[at] = value

    @uses
    def set_part(self, mapping, start=st.none() | hostile.index(), stop=SIZES, data=st.none() | hostile.buffer()):
        mapping[start:stop] = bytes(stop) if data is None else data

    @uses
    def write(self, mapping, at=st.just(0) | hostile.index(), data=DATA | hostile.buffer()):
        mapping.seek(at)
        mapping.write(data)

    @uses
    def move(self, mapping, to=PLACES | hostile.index(), start=PLACES | hostile.index(), count=SIZES):
        mapping.move(to, start, count)

    @invalidates(view)
    def resize(self, mapping, size=SIZES | hostile.index(SIZES)):
        mapping.resize(size)

    @creates(view)
    def look(self, mapping):
        return memoryview(mapping)

    @reads
    def read(self, view):
        return view.tobytes()

    @disposes(view)
    def release(self, view):
        view.release()

    @disposes(mapping)
    def close(self, mapping):
        mapping.close()
