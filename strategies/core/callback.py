"""Plan of attack on deadhand's own callbacks: events that keep host objects, strongly or weakly, and call them."""

from hypothesis import strategies as st

from deadhand import Handle, Reentry, Target, creates, disposes, hostile, identity, ledger, raises, reads, uses

gone = raises("StaleHandle", "ClosedHandle", "FencedHandle")
POLICIES = st.sampled_from([None, "error", "skip", "unregister"]) | hostile.text(st.sampled_from(["skip", "unregister"]))


class Callback(Target):
    module = "deadhand._native"
    event = Handle(after_dispose=gone)
    registration = Handle(parent=event, after_dispose=gone)

    @creates(event)
    def make(self):
        return self.module.Event()

    @creates(registration, triggers="fire")
    def register(self, event, reenter: Reentry = hostile.callback(returns=st.integers(0, 9)), on_dead=POLICIES):
        return event.register(reenter, on_dead=on_dead)

    @creates(registration, triggers="fire")
    def register_weakly(self, event, reenter: Reentry, on_dead=POLICIES):
        return event.register(reenter, weak=True, on_dead=on_dead)

    @creates(registration, triggers="fire")
    def register_method(self, event, how=st.sampled_from(["fire", "close", "count", "clear"]), weak=st.booleans()):
        return event.register(getattr(event, how), weak=weak)

    @uses
    def register_any(self, event, callback=hostile.object() | st.none(), weak=st.booleans()):
        with event.register(callback, weak=weak):
            return event.count()

    @uses
    def fire(self, event, argument=hostile.object() | st.integers(0, 9)):
        return event.fire(argument)

    @reads
    def count(self, event):
        return event.handle, event.count()

    @uses
    def clear(self, event):
        return event.clear()

    @identity
    def event_id(self, event):
        return event.handle

    @disposes(event)
    def close(self, event):
        event.close()

    @disposes(registration)
    def unregister(self, registration, how=st.sampled_from(["close", "unregister"])):
        getattr(registration, how)()

    @ledger
    def alive(self):
        return sum(self.module.core_ledger()[kind] for kind in ("event", "registration"))
