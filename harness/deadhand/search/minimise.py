"""Shrink a program across crashes, hangs and wrong answers, each candidate alone in a fresh child.

Structural: it needs no choice sequence, so it serves a case from a stranger as well as a fresh find. The order follows what
removes most: steps, then nested steps, then threads and flags, then values.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from deadhand.hazards.draft import map_step
from deadhand.model.program import (
    Blob,
    Hostile,
    Items,
    Lent,
    Number,
    Program,
    Ref,
    Step,
    Value,
    hostiles,
    refs,
    replace,
)
from deadhand.oracles.timeline import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_LEFT = ("@cycle", "@drop", "@collect", "@resurrect")  # what leaves handles to the collector, or runs it
_PAIRS = 12  # longest program of which every pair is tried


class Minimiser:
    """Finds a smaller program for which `still` holds. `runs` is the most candidates tried, `seconds` the longest time."""

    def __init__(self, still: Callable[[Program], bool], runs: int, seconds: float = math.inf) -> None:
        self.still = still
        self.runs = runs
        self.until = time.monotonic() + seconds
        self._seen: set[bytes] = set()
        self.path: list[Program] = []
        """What was taken so far, each smaller than the one before."""

    @property
    def spent(self) -> bool:
        """Whether no more candidates may be tried."""
        return self.runs <= 0 or time.monotonic() > self.until

    def minimise(self, program: Program, step: int = 0) -> Program:
        """The smallest program reached before runs or seconds are used up. `step` is the number of the step that shows it."""
        self._seen.add(program.encode())
        for candidate in _slices(program, step):
            if self._try(candidate):
                program = candidate
                break
        program, _ = self._descend(program, _serial)
        changed = True
        while changed and not self.spent:
            program, changed = self._fewer_steps(program)
            for candidates in (_here, _looser, _bypassed, _without_pairs, _endings, _nested, _threads, _flags, _values):
                program, better = self._descend(program, candidates)
                changed = changed or better
        return renamed(program)

    def _fewer_steps(self, program: Program) -> tuple[Program, bool]:
        """Without runs of steps: halves first, single steps last, later steps first (delta debugging, Zeller 1999)."""
        better = False
        size = max(len(program.steps) // 2, 1)
        while size and not self.spent:
            start = len(program.steps) - size
            while start >= 0 and not self.spent:
                candidate = _with_steps(program, [*program.steps[:start], *program.steps[start + size :]])
                if self._try(candidate):
                    program, better = candidate, True
                start -= size if start + size <= len(program.steps) else 1
                start = min(start, len(program.steps) - size)
            size //= 2
        return program, better

    def _descend(self, program: Program, candidates: Callable[[Program], Iterator[Program]]) -> tuple[Program, bool]:
        """Take the first candidate that still shows it, again and again."""
        better = False
        again = True
        while again and not self.spent:
            again = False
            for candidate in candidates(program):
                if self._try(candidate):
                    program, better, again = candidate, True, True
                    break
        return program, better

    def _try(self, candidate: Program) -> bool:
        key = candidate.encode()
        if key in self._seen or self.spent:
            return False
        self._seen.add(key)
        self.runs -= 1
        if not self.still(candidate):
            return False
        self.path.append(candidate)
        return True


def _slices(program: Program, step: int) -> Iterator[Program]:
    """Guesses: the failing step with what makes its handles, then also with all that is left to the collector, with what ends them, and with all that touches them."""
    at, number = len(program.steps) - 1, 0
    for index, each in enumerate(program.steps):
        number += 1 + sum(_size(nested) for hostile in hostiles(each) for nested in hostile.body)
        if step and number >= step:
            at = index
            break
    before = program.steps[:at]
    needed = _with_makers(_names(program.steps[at]), before)
    left = [each for each in before if each.do in _LEFT]
    garbage = _with_makers(needed.union(*map(_names, left)), before)
    guesses: list[list[Step]] = [[each for each in before if _makes(each, needed)], [each for each in before if each in left or _makes(each, garbage)]]
    guesses += [[each for each in before if touching(each, needed)] for touching in (_ends, _touches)]
    for kept in guesses:
        if len(kept) + 1 < len(program.steps):
            yield _with_steps(program, [*kept, program.steps[at]])


def _with_makers(names: set[str], steps: tuple[Step, ...]) -> set[str]:
    """These handles, and those that they were made from."""
    needed = set(names)
    for each in reversed(steps):
        if _makes(each, needed):
            needed |= _names(each)
    return needed


def slice_of(program: Program, before: int, steps: Iterable[Step]) -> list[Step]:
    """The steps in front of place `before` that make what `steps` need, on the main thread and one after another."""
    needed: set[str] = set()
    for step in steps:
        needed |= _names(step)
    kept: list[Step] = []
    for each in reversed(program.steps[:before]):
        if _makes(each, needed):
            needed |= _names(each)
            kept.insert(0, replace(each, thread=0, overlap=False))
    return kept


def _size(step: Step) -> int:
    return 1 + sum(_size(nested) for hostile in hostiles(step) for nested in hostile.body)


def _names(step: Step) -> set[str]:
    """Every handle that a step or what runs inside it is given or makes."""
    found = {*refs(step)} | ({step.out} if step.out else set())
    for hostile in hostiles(step):
        for nested in hostile.body:
            found |= _names(nested)
    return found


def _makes(step: Step, names: set[str]) -> bool:
    return step.out in names or any(nested.out in names for hostile in hostiles(step) for nested in hostile.body)


def _ends(step: Step, names: set[str]) -> bool:
    return _makes(step, names) or (step.is_hazard and bool(names.intersection(refs(step)))) or (len(tuple(refs(step))) == 1 == len(step.args) and bool(names.intersection(refs(step))))


def _touches(step: Step, names: set[str]) -> bool:
    return bool(names & _names(step))


def _with_steps(program: Program, steps: list[Step]) -> Program:
    if steps and steps[0].overlap:
        steps = [replace(steps[0], overlap=False), *steps[1:]]
    changed: Program = replace(program, steps=tuple(steps))
    return changed


def _without_pairs(program: Program) -> Iterator[Program]:
    """Without two steps that only make sense together."""
    steps = list(program.steps)
    if len(steps) > _PAIRS:
        return
    for late in range(len(steps) - 1, 0, -1):
        for early in range(late - 1, -1, -1):
            yield _with_steps(program, [step for at, step in enumerate(steps) if at not in (early, late)])


def _here(program: Program) -> Iterator[Program]:
    """With what ran in another process or interpreter run here: if that shows it too, it is not about them."""
    for at, step in enumerate(program.steps):
        if step.do not in ELSEWHERE:
            continue
        inside = [nested for hostile in hostiles(step) for nested in hostile.body]
        after = _with_steps(program, [*program.steps[:at], *inside, *program.steps[at + 1 :]])
        if step.args.get("leave") == "exit":
            yield replace(_with_steps(program, [*program.steps[:at], *inside]), ending="exit")
        yield after


def _looser(program: Program) -> Iterator[Program]:
    """With fewer handles left to the collector together; a single one simply dropped."""
    for at, step in enumerate(program.steps):
        if step.do not in ("@cycle", "@resurrect"):
            continue
        for name in reversed(step.args) if len(step.args) > 1 else ():
            yield _put(program, at, replace(step, args={each: value for each, value in step.args.items() if each != name}))
        if step.do == "@cycle" and len(step.args) == 1:
            yield _put(program, at, replace(step, do="@drop"))


def _bypassed(program: Program) -> Iterator[Program]:
    """Without a step that makes a handle, and an earlier one of the same kind in its place: a view in place of a view of it."""
    for late in range(len(program.steps) - 1, 0, -1):
        made = program.steps[late].out
        if made is None:
            continue
        stem = made.rpartition("_")[0]
        earlier = [step.out for step in program.steps[:late] if step.out is not None and step.out.rpartition("_")[0] == stem]
        for other in reversed(earlier):
            steps = [_rename(step, {made: other}) for at, step in enumerate(program.steps) if at != late]
            yield _with_steps(program, steps)


def _endings(program: Program) -> Iterator[Program]:
    if program.ending != "collect":
        yield replace(program, ending="collect")


def _nested(program: Program) -> Iterator[Program]:
    """With fewer nested steps, with a plain value in place of a hostile one, or with the nested steps after the call."""
    for at, step in enumerate(program.steps):
        for changed in _simpler_hostiles(step):
            yield _put(program, at, changed)


def _simpler_hostiles(step: Step) -> Iterator[Step]:
    found = list(hostiles(step))
    for target in found:
        yield map_step(step, lambda each, target=target: each.value if _same(each, target) and each.protocol != "callback" else each)  # type: ignore[misc]
        if target.body:
            yield _swap(step, target, replace(target, body=()))
            for skip in range(len(target.body) - 1, -1, -1):
                yield _swap(step, target, replace(target, body=target.body[:skip] + target.body[skip + 1 :]))
        for at, nested in enumerate(target.body):
            for simpler in (*_simpler_hostiles(nested), *_calmer(nested), *_simpler_values(nested)):
                yield _swap(step, target, replace(target, body=(*target.body[:at], simpler, *target.body[at + 1 :])))
        if target.raises:
            yield _swap(step, target, replace(target, raises=False))
        if target.cycle:
            yield _swap(step, target, replace(target, cycle=False))
        if target.keep:
            yield _swap(step, target, replace(target, keep=None))
        if target.when != "call":
            yield _swap(step, target, replace(target, when="call"))
        if target.nth > 1:
            yield _swap(step, target, replace(target, nth=1))
            yield _swap(step, target, replace(target, nth=target.nth - 1))


def _calmer(step: Step) -> Iterator[Step]:
    if step.stress:
        yield replace(step, stress=False)


def _same(each: Hostile, target: Hostile) -> bool:
    return each is target or each == target


def _swap(step: Step, old: Hostile, new: Hostile) -> Step:
    return map_step(step, lambda each: new if _same(each, old) else each)


def _threads(program: Program) -> Iterator[Program]:
    """All on the main thread; each thread folded into the main one; without overlap."""
    used = sorted({step.thread for _, step, _ in program.walk()} - {0})
    if used:
        yield _folded(program, set(used))
    for thread in used:
        yield _folded(program, {thread})
    for at, step in enumerate(program.steps):
        if step.overlap:
            yield _put(program, at, replace(step, overlap=False))
    yield from _made_elsewhere(program)


def _made_elsewhere(program: Program) -> Iterator[Program]:
    """Without a drop on another thread, and what it dropped made there instead: at the end the main thread drops it."""
    for late, step in enumerate(program.steps):
        if step.do != "@drop" or not step.thread:
            continue
        for early in range(late):
            if program.steps[early].out in set(refs(step)):
                steps = [replace(each, thread=step.thread) if at == early else each for at, each in enumerate(program.steps) if at != late]
                yield _with_steps(program, steps)


def _serial(program: Program) -> Iterator[Program]:
    """All on the main thread, one after another: if that shows it too, it is not about threads, and repeats better."""
    used = {step.thread for _, step, _ in program.walk()} - {0}
    if used:
        yield _folded(program, used)


def _folded(program: Program, threads: set[int]) -> Program:
    def fold(step: Step) -> Step:
        changed: Step = replace(step, thread=0) if step.thread in threads else step
        return map_step(changed, lambda each: replace(each, body=tuple(fold(nested) for nested in each.body)) if each.body else each)

    folded = [fold(step) for step in program.steps]
    return _with_steps(program, [replace(step, overlap=False) if step.overlap and step.thread == 0 else step for step in folded])


def _flags(program: Program) -> Iterator[Program]:
    for at, step in enumerate(program.steps):
        for calmer in _calmer(step):
            yield _put(program, at, calmer)
        if step.args.get("leave") == "exit":
            yield _put(program, at, replace(step, args={**step.args, "leave": "at once"}))
        if step.flight:
            yield _put(program, at, replace(step, flight="", pause=1))
            if step.pause > 1:
                yield _put(program, at, replace(step, pause=1))
            if step.flight != "cancel":
                yield _put(program, at, replace(step, flight="cancel"))
        yield from _less_short(program, at)
        times = step.args.get("times")
        if step.do == "@pressure" and isinstance(times, int) and times > 1:
            for fewer in (1, times // 2):
                yield _put(program, at, replace(step, args={**step.args, "times": fewer}))


def _less_short(program: Program, at: int) -> Iterator[Program]:
    """With enough memory; else with a single allocation that fails, whichever it is, or fewer of them."""
    step = program.steps[at]
    first, times = step.args.get("from"), step.args.get("times")
    if step.do != "@shortage" or not isinstance(first, int) or not isinstance(times, int):
        return
    given = {name: value for name, value in step.args.items() if name not in ("operation", "from", "times")}
    yield _put(program, at, replace(step, do=str(step.args.get("operation")), args=given))
    if times > 1:
        for nth in range(first, first + times):
            yield _put(program, at, replace(step, args={**step.args, "from": nth, "times": 1}))
        for fewer in (times // 2, times - 1):
            for begun in (first, first + times - fewer):
                yield _put(program, at, replace(step, args={**step.args, "from": begun, "times": fewer}))


def _values(program: Program) -> Iterator[Program]:
    for at, step in enumerate(program.steps):
        for simpler in _simpler_values(step):
            yield _put(program, at, simpler)


def _simpler_values(step: Step) -> Iterator[Step]:
    for name, value in step.args.items():
        if name in ("how", "operation", "from", "times", "leave", "limit", "thread") and (step.is_hazard or name != "thread"):
            continue
        for simpler in _simpler(value):
            yield replace(step, args={**step.args, name: simpler})


def _simpler(value: Value) -> Iterator[Value]:
    """Simpler values of the same sort, the simplest first."""
    if isinstance(value, bool) or value is None:
        if value:
            yield False
    elif isinstance(value, int):
        yield from (smaller for smaller in (0, 1, value // 2) if abs(smaller) < abs(value))
    elif isinstance(value, float) and value:
        yield 0.0
    elif isinstance(value, str):
        yield from (shorter for shorter in ("", value[:1], value[: len(value) // 2]) if len(shorter) < len(value))
    elif isinstance(value, Number):
        yield 0
    elif isinstance(value, Blob):
        yield from _shorter(value)
    elif isinstance(value, Items):
        for at in range(0, len(value.items), 2 if value.kind == "dict" else 1):
            yield replace(value, items=value.items[:at] + value.items[at + (2 if value.kind == "dict" else 1) :])
    elif isinstance(value, Hostile):
        for simpler in _simpler(value.value):
            yield replace(value, value=simpler)


def _shorter(value: Blob) -> Iterator[Value]:
    """Sizes that matter: below and above the small allocator's 512 bytes and the 128 KiB of mmap."""
    size = value.size if value.fill is not None else len(value.hex) // 2
    for smaller in (0, 8, 900):
        if smaller < size:
            yield replace(value, hex="", fill=120, size=smaller) if smaller else replace(value, hex="", fill=None, size=0)


def _put(program: Program, at: int, step: Step) -> Program:
    return _with_steps(program, [*program.steps[:at], step, *program.steps[at + 1 :]])


def renamed(program: Program) -> Program:
    """The same program with handles numbered from 1 in the order they are made."""
    names: dict[str, str] = {}
    count: dict[str, int] = {}
    for _, step, _ in program.walk():
        for old in [step.out, *[hostile.keep for hostile in hostiles(step)]]:
            if old and old not in names:
                stem = old.rpartition("_")[0] or old
                count[stem] = count.get(stem, 0) + 1
                names[old] = f"{stem}_{count[stem]}"
    steps = tuple(_rename(step, names) for step in program.steps)
    changed: Program = replace(program, steps=steps)
    return changed


def _rename(step: Step, names: dict[str, str]) -> Step:
    def value(each: Value) -> Value:
        if isinstance(each, Ref):
            return Ref(names.get(each.name, each.name))
        if isinstance(each, Lent):
            return Lent(value(each.value))
        if isinstance(each, Items):
            return replace(each, items=tuple(value(item) for item in each.items))  # type: ignore[no-any-return]
        if isinstance(each, Hostile):
            body = tuple(_rename(nested, names) for nested in each.body)
            return replace(each, value=value(each.value), body=body, keep=names.get(each.keep, each.keep) if each.keep else None)  # type: ignore[no-any-return]
        return each

    out = names.get(step.out, step.out) if step.out else None
    changed: Step = replace(step, args={name: value(each) for name, each in step.args.items()}, out=out)
    return changed


