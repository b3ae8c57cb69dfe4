"""Which MAD class a finding belongs to, read off the (minimal) program and the states of the handles it touched.

The rules go from what is certain (an oracle that sees one class only) to what is likely; docs/MAD.md says what each means.
"""

from __future__ import annotations

import inspect
import sysconfig
from typing import TYPE_CHECKING

from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import stuck
from deadhand.model.program import Blob, Hostile, Items, Lent, hostiles, refs
from deadhand.oracles import memory

if TYPE_CHECKING:
    from deadhand.model.program import Step, Value
    from deadhand.model.verdict import Finding
    from deadhand.oracles.timeline import Ran
    from deadhand.oracles.view import View

_LOOP_GONE = ("Event loop is closed", "no running event loop", "Non-thread-safe operation")
_WITHOUT_GIL = ("without holding the GIL", "must be called with the GIL held", "the GIL is released", "without an active thread state")
_DOUBLE_FREE = ("double free", "double-free", "free(): invalid", "munmap_chunk(): invalid")
_CALLBACK_TYPES = ("CFunctionType", "CFuncPtr", "WinFunctionType", "_CDataBase", "CDataOwningGC")


FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
"""Whether the interpreter is one of which children run without a GIL."""

_BY_KIND = {("growth", "queue"): "MAD-31", ("liveness", "deferred"): "MAD-21", ("loop", "foreign thread"): "MAD-30"}


def mad_class(view: View, finding: Finding) -> str:
    """The id, "MAD-01" to "MAD-31"."""
    if found := _of_process(view, finding):
        return found
    if sure := _BY_KIND.get((finding.oracle, finding.kind)) or (_of_flow(view, finding) if finding.phase != "exit" else ""):
        return sure
    if finding.oracle == "borrow":
        return "MAD-23"
    if any(each.step.do == "@shortage" for each in view.timeline.ran):
        return _of_shortage(view, finding)
    if finding.oracle == "liveness":
        return "MAD-06" if finding.kind == "cycle" else "MAD-07"
    if finding.oracle in ("ledger", "growth"):
        return _of_ledger(view, finding)
    if finding.oracle == "identity":
        return "MAD-03"
    if finding.oracle == "deadlock":
        return _of_deadlock(view)
    if finding.oracle == "boundary":
        return "MAD-17"
    if finding.phase == "exit":
        return "MAD-25" if any(event[0] == H.THREADS and event[1] > 1 for event in view.history.events) else "MAD-10"
    if finding.oracle == "unraisable":
        return "MAD-17"
    ran = view.timeline.by_number(finding.step)
    if finding.oracle == "hang":
        return _of_hang(view, ran)
    if ran is None:
        return _of_aftermath(view)
    return _of_threads(view, ran) or _of_nested(view, ran) or _of_states(view, ran, finding) or _of_isolate(view) or _of_account(view) or _of_past(view, ran)


def _of_process(view: View, finding: Finding) -> str:
    """The minimal program needs another process, another interpreter, another life of the library, or a handle that came back from the dead."""
    done = [each.step.do for each in view.timeline.ran if each.over or each.number != finding.step]
    if any(each.step.do == "@fork" for each in view.timeline.ran):
        return "MAD-28"
    if any(each.step.do == "@subinterpreter" for each in view.timeline.ran):
        return "MAD-27"
    if any((operation := view.target.operations.get(name)) is not None and operation.restarts for name in done):
        return "MAD-26"
    return "MAD-09" if "@resurrect" in done else ""


def _of_shortage(view: View, finding: Finding) -> str:
    """It takes an allocation that fails. If the call dies or breaks the protocol there, nobody looked; what shows later, be it in the next call, is about who frees what."""
    failed = view.timeline.by_number(finding.step)
    first = failed is not None and failed.step.do == "@shortage" and failed.step.args.get("times") == 1
    return "MAD-17" if first and finding.oracle in ("death", "boundary") else "MAD-04"


def _of_flow(view: View, finding: Finding) -> str:
    """What is about threads, one at a time, and about awaits: the minimiser would have done without them."""
    if finding.oracle in ("identity", "deadlock"):
        return ""
    if finding.oracle == "death" and _unattached(view):
        return "MAD-21"
    if finding.oracle != "borrow" and finding.kind != "freed twice" and _elsewhere(view, finding):
        return "MAD-20"
    return _of_flight(view, finding)


def _unattached(view: View) -> bool:
    """Whether it died of touching Python without the GIL: the interpreter says so, or it was on a thread that Python does not know, and nothing was freed."""
    death = view.history.death
    if death is None:
        return False
    if any(text in death.stderr for text in _WITHOUT_GIL):
        return True
    foreign = "most recent call first" in death.stderr and "Current thread" not in death.stderr
    given = any(_kinds_given(each.step) - {"bytes"} for each in view.timeline.ran)
    return foreign and given and not any(each.concurrent for each in view.timeline.ran) and not any(life.disposed for life in view.timeline.lives.values())


def _of_flight(view: View, finding: Finding) -> str:
    """An await was cut short, and it takes that; or an exception was lost that speaks of the loop. What a dead handle did is about that."""
    if finding.oracle == "unraisable" and any(text in finding.detail for text in _LOOP_GONE):
        return "MAD-30"
    failed = view.timeline.by_number(finding.step)
    if failed is not None and any(state.word not in ("live", "outlived") for state in failed.states):
        return ""
    flights = {each.step.flight for each in view.timeline.ran} - {""}
    if flights & {"cancel", "drop"}:
        return "MAD-29"
    if flights:
        return "MAD-30"
    waits = failed is not None and (operation := view.timeline.operation(failed)) is not None and inspect.iscoroutinefunction(operation.function)
    return "MAD-30" if finding.oracle == "hang" and waits and failed is not None and not failed.concurrent else ""


def _elsewhere(view: View, finding: Finding) -> bool:
    """Whether it takes a second thread, though only one runs at a time: the minimiser would have everything on the main thread.

    What was done on a handle that is gone is about that, wherever it ran.
    """
    ran = view.timeline.ran
    if not any(each.step.thread for each in ran) or any(each.concurrent for each in ran):
        return False
    failed = view.timeline.by_number(finding.step)
    return failed is None or all(state.word in ("live", "outlived") for state in failed.states)


def _of_ledger(view: View, finding: Finding) -> str:
    if finding.kind == "freed twice":
        return "MAD-19" if _closers_met(view) else "MAD-02"
    if any(hostile.cycle for each in view.timeline.ran for hostile in hostiles(each.step)):
        return "MAD-06"
    return "MAD-04" if any(each.raised for each in view.timeline.ran) else "MAD-07"


def _of_deadlock(view: View) -> str:
    """Between threads; but a lock that one thread waits for and holds itself was met by a finalizer or a callback within its call."""
    found = stuck(view.history)
    return "MAD-16" if found is not None and any(each.owner == each.thread for each in found[1]) else "MAD-22"


def _of_hang(view: View, ran: Ran | None) -> str:
    if any(each.concurrent for each in view.timeline.ran):
        return "MAD-22"
    if ran is None or ran.step.stress or ran.step.do in ("@collect", "@drop", "@cycle"):
        return "MAD-16"
    if any(each.step.do in ("@collect", "@drop", "@cycle") for each in view.timeline.inside(ran.number)):
        return "MAD-16"
    if ran.inside or any(hostile.body for hostile in hostiles(ran.step)):
        outer = view.timeline.by_number(view.timeline.outermost(ran.number))
        dying = outer is not None and any(hostile.when == "death" for hostile in hostiles(outer.step))
        return "MAD-16" if dying else "MAD-14"
    return "MAD-16"


def _closers_met(view: View) -> bool:
    """Whether all that ran at once ended lives, and there were two of them at least."""
    return any(each.concurrent and _of_threads(view, each) == "MAD-19" for each in view.timeline.ran)


def _of_threads(view: View, ran: Ran) -> str:
    if ran.concurrent or (not ran.states and any(each.concurrent for each in view.timeline.ran)):
        group = [each for each in view.timeline.ran if each.concurrent]
        enders = [each for each in group if (operation := view.timeline.operation(each)) is not None and operation.disposes]
        if FREE_THREADED and not any((operation := view.timeline.operation(each)) is None or operation.ends for each in group):
            return "MAD-24"  # nobody ended anything: they only used it, which a GIL would have kept apart
        return "MAD-19" if len(enders) > 1 and len(enders) == len(group) else "MAD-18"
    if any(state.thread != ran.step.thread for state in ran.states) and all(state.word == "live" for state in ran.states):
        return "MAD-20"
    return ""


def _of_nested(view: View, ran: Ran) -> str:
    """Something ran inside the call that failed, or the call that failed ran inside another."""
    timeline = view.timeline
    outer = timeline.by_number(timeline.outermost(ran.number))
    if outer is None:
        return ""
    nested = [each for each in timeline.inside(outer.number) if each is not ran]
    involved = [*nested, ran] if ran.inside else nested
    if not involved:
        return ""
    protocols = {hostile.protocol for hostile in hostiles(outer.step)}
    dying = any(hostile.when == "death" for hostile in hostiles(outer.step))
    cycle = any(hostile.cycle for hostile in hostiles(outer.step))
    if dying and cycle:
        return "MAD-08"
    disposed = any((operation := timeline.operation(each)) is not None and operation.disposes for each in involved)
    if disposed or ("callback" in protocols and not any(_mutates(view, each) for each in involved)):
        return "MAD-14"
    return "MAD-15"


def _mutates(view: View, ran: Ran) -> bool:
    operation = view.timeline.operation(ran)
    return ran.step.do in ("@touch", "@reinitialise", "@drop", "@cycle") or (operation is not None and bool(operation.invalidates))


def _of_states(view: View, ran: Ran, finding: Finding) -> str:
    operation = view.timeline.operation(ran)
    for state in ran.states:
        if state.uninitialised:
            return "MAD-01"
        if state.disposed:
            if operation is not None and state.kind in operation.disposes:
                return "MAD-02"
            return "MAD-03" if finding.kind == "wrong answer" and _reused(view, state.kind, state.disposed) else "MAD-01"
        if state.parent_disposed or state.ended:
            return "MAD-11" if state.buffer else "MAD-05"
        if state.parent_dropped:
            return "MAD-13" if _is_callback(view, state.name) else "MAD-12" if state.buffer and _lent_before(view, ran) else "MAD-11" if state.buffer else "MAD-05"
    return ""


def _of_isolate(view: View) -> str:
    """A handle and one that it was made from were left to the collector together: it finalized them in an order of its own."""
    for each in view.timeline.ran:
        if each.step.do in ("@cycle", "@resurrect"):
            names = set(refs(each.step))
            if any(names & view.timeline.ancestors(name) for name in names):
                return "MAD-08"
    return ""


def _reused(view: View, kind: str, since: int) -> bool:
    return any(life.kind == kind and life.made > since for life in view.timeline.lives.values())


def _is_callback(view: View, name: str) -> bool:
    above = [view.timeline.lives[each] for each in view.timeline.ancestors(name) if each in view.timeline.lives]
    return any(life.type in _CALLBACK_TYPES or "callback" in life.kind for life in above)


def _of_account(view: View) -> str:
    """What the page guard says, where the handles were all alive: somebody kept what another step had freed."""
    account = memory.fatal(view.history) or next(iter(memory.accounts(view.history)), None)
    if account is None or account.freed is None:
        return ""
    if account.kind == "double free":
        return "MAD-02"
    freeing = view.timeline.by_number(abs(account.freed.step))
    if freeing is None or freeing.number == account.step:
        return ""
    if freeing.step.do in ("@drop", "@cycle", "@collect"):
        return "MAD-05" if any(life.parents for life in view.timeline.lives.values()) else ""
    operation = view.timeline.operation(freeing)
    return "MAD-05" if operation is not None and operation.ends else ""


def _of_past(view: View, ran: Ran) -> str:
    """The handle was alive and nothing ran inside: the cause lies in an earlier step."""
    earlier = [each for each in view.timeline.ran if each.number < ran.number]
    for each in reversed(earlier):
        if any(hostile.when == "death" for hostile in hostiles(each.step)):
            return "MAD-08" if any(hostile.cycle for hostile in hostiles(each.step)) else "MAD-15"
        if each.raised and any(hostile.raises for hostile in hostiles(each.step)):
            return "MAD-04"
        nested = _of_nested(view, each) if view.timeline.inside(each.number) else ""
        if nested:
            return nested
    for each in reversed(earlier):
        given = _kinds_given(each.step)
        if "callback" in given:
            return "MAD-13"
        if given & {"borrowed", "bytes"}:
            return "MAD-12"
        if "hostile" in given:
            return "MAD-07"
    gone = [life for life in view.timeline.lives.values() if life.disposed and life.disposed < ran.number]
    if gone:
        return "MAD-02" if any(_double_free(view) for _ in gone) else "MAD-05"
    if any(life.dropped for life in view.timeline.lives.values()):
        return "MAD-13" if any(life.type in _CALLBACK_TYPES or "callback" in life.kind for life in view.timeline.lives.values() if life.dropped) else "MAD-05"
    return "MAD-07"


def _of_aftermath(view: View) -> str:
    """It showed after the last step: while dropping or collecting what was left."""
    timeline = view.timeline
    threads = next((found for each in timeline.ran if each.concurrent and (found := _of_threads(view, each))), "")
    if threads:
        return threads
    if any(hostile.when == "death" for each in timeline.ran for hostile in hostiles(each.step)):
        return "MAD-08" if any(hostile.cycle for each in timeline.ran for hostile in hostiles(each.step)) else "MAD-15"
    nested = next((found for each in timeline.ran if timeline.inside(each.number) and (found := _of_nested(view, each))), "")
    if nested:
        return nested
    if any(each.raised and any(hostile.raises for hostile in hostiles(each.step)) for each in timeline.ran):
        return "MAD-04"
    if any(life.uninitialised for life in timeline.lives.values()):
        return "MAD-01"
    if isolate := _of_isolate(view):
        return isolate
    parents_gone = [name for name, life in timeline.lives.items() if any((above := timeline.lives.get(each)) and (above.disposed or above.dropped) for each in life.parents)]
    if parents_gone:
        return "MAD-05"
    if any(life.disposed for life in timeline.lives.values()) or _double_free(view):
        return "MAD-02"
    if any(hostile.cycle for each in timeline.ran for hostile in hostiles(each.step)) or any(life.parents for life in timeline.lives.values()):
        return "MAD-08"
    return "MAD-07"


def _double_free(view: View) -> bool:
    death = view.history.death
    return death is not None and any(text in death.stderr for text in _DOUBLE_FREE)


def _lent_before(view: View, ran: Ran) -> bool:
    return any("borrowed" in _kinds_given(each.step) for each in view.timeline.ran if each.number <= ran.number)


def _kinds_given(step: Step) -> set[str]:
    found: set[str] = set()
    for value in step.args.values():
        _sort(value, found)
    return found


def _sort(value: Value, found: set[str]) -> None:
    if isinstance(value, Lent):
        found.add("borrowed")
    elif isinstance(value, Blob):
        found.add("bytes")
    elif isinstance(value, Hostile):
        found.add("callback" if value.protocol == "callback" else "bytes" if value.protocol in ("buffer", "data") else "hostile")
    elif isinstance(value, Items):
        for item in value.items:
            _sort(item, found)
