"""Plan of attack on deadhand's own texts: strings both ways, cut, joined, and bytes that are no strings at all."""

from hypothesis import strategies as st

from deadhand import Handle, Target, creates, disposes, hostile, identity, ledger, raises, reads, uses

gone = raises("StaleHandle", "ClosedHandle", "FencedHandle")
BYTES = st.sampled_from([b"", b"gr\xc3\xbcn \xf0\x9f\xa6\x80", b"a\0b", b"a\xff\xed\xb2\x80\xe2\x82", b"8 bytes " * 25_000])
STRINGS = st.sampled_from(["", "gr\u00fcn", "a\0b", "\udc80", "\U0001f980" * 9]) | hostile.text()
PLACES = st.sampled_from([0, 1, 3, 4, 9]) | hostile.index()


class Texts(Target):
    module = "deadhand._native"
    text = Handle(after_dispose=gone)

    @creates(text)
    def decode(self, data=BYTES | hostile.data(), lossy=st.booleans()):
        return self.module.Text.from_bytes(data, lossy=lossy)

    @creates(text)
    def take(self, string=STRINGS):
        return self.module.Text.of(string)

    @creates(text)
    def name(self):
        return self.module.Text.of(f"\u00fc{self.nonce()}")

    @creates(text)
    def cut(self, text, start=PLACES, end=PLACES):
        return text.cut(start, end)

    @creates(text)
    def join(self, text, text2):
        joined = text.join(text2)
        assert str(joined) == str(text) + str(text2), "a joined text is not what it was joined of"
        return joined

    @reads(after_dispose=gone)
    def content(self, text):
        return str(text), text.length, text.characters

    @uses
    def fill(self, text, into=st.sampled_from([b"", b"-" * 900]).map(bytearray) | hostile.buffer()):
        return text.read_into(into), into[:9]

    @uses
    def for_c(self, text):
        return text.for_c()

    @uses
    def panic(self, text):
        text.provoke_panic()

    @identity
    def handle(self, text):
        return text.handle

    @disposes(text)
    def close(self, text):
        text.close()

    @ledger
    def alive(self):
        return sum(count for kind, count in self.module.core_ledger().items() if kind != "queued")
