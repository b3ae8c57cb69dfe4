"""Plan of attack on deadhand's own C-style interface: handles that are numbers, codes, and a record per thread."""

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, _native, creates, disposes, hostile, identity, ledger, raises, reads, uses

gone = raises(_native.StaleHandle, _native.ClosedHandle, _native.FencedHandle)
SIZES = st.sampled_from([8, 0, 900, 200_000]) | hostile.index()


def told(answer):
    """The answer of an entry, as what Python has for it. Another entry may have come between it and the record."""
    record = (_native.last_error, _native.take_last_error)[answer % 2]()
    assert record is None or (record.code > 0 and record.message and "\n" not in record.message), f"no record: {record!r}"
    if answer < 0:
        raise LookupError(answer, record)
    return answer


class Number:  # a handle as C has it: nothing of native, so that dropping it ends nothing
    def __init__(self, interface, answer):
        self.interface, self.number = interface, told(answer)


class Errors(Target):
    skip_hazards = {"uninitialised": "a number is the plan's own class, which no library has made"}
    interface = Handle()
    buffer = Handle(parent=interface, after_dispose=raises(LookupError))

    @creates(interface)
    def make(self, keep=st.booleans(), slots=st.sampled_from([None, 3, 1]), generations=st.sampled_from([None, 2])):
        return _native.Interface(keep=keep, slots=slots, generations=generations)

    @creates(buffer)
    def allocate(self, interface, length=SIZES):
        return Number(interface, interface.allocate(length))

    @creates(buffer)
    def filled(self, interface, fill: Reentry = hostile.callback(returns=st.sampled_from([b"", b"8 bytes!", None, 0]))):
        return Number(interface, interface.allocate_filled(fill))

    @reads
    def length(self, buffer):
        return told(buffer.interface.length(buffer.number))

    @uses
    def use(self, buffer, data=st.sampled_from([b"", b"8 bytes!"]) | hostile.data(), length=SIZES):
        return [told(buffer.interface.write(buffer.number, data)), told(buffer.interface.resize(buffer.number, length))]

    @uses
    def read(self, buffer, into=st.just(b"-" * 8).map(bytearray) | hostile.buffer()):
        told(buffer.interface.read_into(buffer.number, into))

    @uses(after_dispose=raises(LookupError, or_works=True))
    def elsewhere(self, interface, buffer, changed=st.sampled_from([0, 1, 1 << 24, 1 << 44, (1 << 64) - 1])):
        assert buffer.interface is interface or interface.length(buffer.number) < 0, "a handle is good for two"
        told(interface.length(buffer.number ^ changed))

    @uses
    def panic(self, buffer):
        told(buffer.interface.panic(buffer.number))

    @uses(after_dispose=gone)
    def struck(self, interface):
        interface.provoke_panic()

    @identity
    def number(self, buffer):
        return buffer.number

    @disposes(buffer)
    def free(self, buffer):
        told(buffer.interface.free(buffer.number))

    @disposes(interface)
    def close(self, interface):
        interface.close()

    @ledger
    def alive(self):
        return _native.core_ledger()["interface"]
