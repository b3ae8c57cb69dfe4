"""The names of the 31 MAD classes, as docs/MAD.md has them."""

from __future__ import annotations

TITLES = {
    "MAD-01": "Use after dispose",
    "MAD-02": "Double dispose / double free",
    "MAD-03": "Stale handle after reuse",
    "MAD-04": "Ownership-transfer confusion",
    "MAD-05": "Child outlives parent",
    "MAD-06": "Native holds a host object forever",
    "MAD-07": "Native refcount imbalance",
    "MAD-08": "Finalization order / use of a finalized-but-reachable object",
    "MAD-09": "Resurrection",
    "MAD-10": "Native teardown / static destruction order",
    "MAD-11": "Export outlives storage",
    "MAD-12": "Native keeps a borrowed host buffer",
    "MAD-13": "Callback after its target died",
    "MAD-14": "Dispose from inside a callback",
    "MAD-15": "Re-entrant Python code mutates the object in use",
    "MAD-16": "GC-triggered finalizer re-entrancy / self-deadlock",
    "MAD-17": "Exception / panic at the boundary",
    "MAD-18": "Dispose while in use",
    "MAD-19": "Concurrent double dispose",
    "MAD-20": "Wrong-thread access or drop",
    "MAD-21": "Drop / refcount without the GIL",
    "MAD-22": "GIL vs native lock deadlock",
    "MAD-23": "Runtime borrow errors",
    "MAD-24": "Free-threaded races on refcount-like native state",
    "MAD-25": "Finalizer/native thread at interpreter shutdown, daemon threads, after Py_Finalize",
    "MAD-26": "Runtime re-initialisation / generation of the runtime",
    "MAD-27": "Sub-interpreters",
    "MAD-28": "Fork with live handles/threads",
    "MAD-29": "Future dropped/cancelled mid-flight",
    "MAD-30": "Loop closed / no loop / callback on a foreign thread",
    "MAD-31": "Backpressure / unbounded queue / deferred-free queue",
}


def headline(mad: str, symptom: str = "") -> str:
    """`MAD-14 Dispose from inside a callback`; for what has no class, the symptom."""
    title = TITLES.get(mad)
    if title is not None:
        return f"{mad} {title}"
    return " ".join(part for part in (mad or "unclassified:", symptom or "finding") if part)
