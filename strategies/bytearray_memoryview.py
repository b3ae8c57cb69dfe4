"""Plan of attack on bytearray: buffers that are cleared or resized while they are searched, edited or looked at."""

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, invalidates, raises, reads, uses

SIZES = st.sampled_from([200_000, 0, 8, 900])
SEARCHES = st.sampled_from(["find", "rfind", "index", "count"])
PLACES = st.none() | st.sampled_from([0, 7, -1]) | hostile.index()
NUMBERS = st.integers(0, 99) | hostile.index(st.integers(0, 99))


class Bytearray(Target):
    module = "builtins"
    array = Handle()
    view = Handle(parent=array, after_dispose=raises(ValueError))

    @creates(array)
    def make(self, size=SIZES):
        return bytearray(bytes([self.nonce() % 100]) * size)

    @uses
    def search(self, array, by=SEARCHES, needle=NUMBERS | hostile.buffer()):
        return getattr(array, by)(needle)

    @uses
    def search_from(self, array, by=SEARCHES, start=PLACES, stop=PLACES):
        return getattr(array, by)(b"ab", start, stop)

    @uses
    def edit(self, array, how=st.sampled_from(["append", "remove", "pop"]), value=NUMBERS):
        return getattr(array, how)(value)

    @uses
    def insert(self, array, at=NUMBERS, value=NUMBERS):
        array.insert(at, value)

    @uses
    def assign(self, array, start=PLACES, stop=PLACES, data=hostile.buffer() | hostile.iterable(st.lists(NUMBERS))):
        array[start:stop] = data

    @uses
    def extend(self, array, data=hostile.iterable(st.lists(NUMBERS, max_size=4)) | hostile.buffer()):
        array.extend(data)

    @uses
    def join(self, array, parts=hostile.sequence(st.just([b"a", b"b"])) | hostile.iterable(st.just([b"a", b"b"]))):
        return array.join(parts)

    @uses
    def translate(self, array, table=hostile.buffer(st.just(bytes(256))), delete=hostile.data()):
        return array.translate(table, delete)

    @uses
    def in_hex(self, array, separator=hostile.text(st.just(":")), group=st.integers(1, 9) | hostile.index()):
        return bytes.fromhex(array.hex(separator, group).replace(":", ""))

    @invalidates(view)
    def clear(self, array):
        array.clear()

    @invalidates(view)
    def shrink(self, array, size=SIZES):
        del array[size:]

    @creates(view)
    def look(self, array):
        return memoryview(array)

    @creates(view)
    def cast(self, view, to=st.sampled_from(["B", "c", "I", "d"])):
        return view.cast(to)

    @reads
    def read(self, view):
        return view.tobytes()

    @disposes(view)
    def release(self, view):
        view.release()
