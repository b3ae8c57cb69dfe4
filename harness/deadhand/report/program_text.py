"""A program as a person reads it: one line per step, numbered as in the history, nested steps indented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadhand.model.program import FLIGHTS, Blob, Hostile, Items, Lent, Number, Pick, Ref, Step, Text, hostiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deadhand.model.program import Program, Value

_LONG = 60
_BRACKETS = {"list": ("[", "]"), "tuple": ("(", ")"), "set": ("{", "}"), "dict": ("{", "}")}


def program_lines(program: Program) -> list[str]:
    """The whole program, one line per step, and one for an ending by interpreter exit."""
    numbers = iter(range(1, program.size() + 1))
    width = len(str(program.size()))
    lines: list[str] = []
    for step in program.steps:
        lines += _lines(step, numbers, width, depth=0, about="")
    if program.ending == "exit":
        lines.append(f"{' ' * width}  @exit  (interpreter exits with live handles)")
    return lines


def step_text(step: Step) -> str:
    """One step without its number, its thread and what runs inside it."""
    text = _hazard(step) if step.is_hazard else f"{step.do}({_arguments(step.args)})"
    if step.out is not None and step.do != "@uninitialised":
        text = f"{step.out} = {text}"
    if step.flight:
        text += f"  ({FLIGHTS.get(step.flight, step.flight)} at await {step.pause})"
    return f"{text}  (collector at every allocation)" if step.stress else text


def value_text(value: Value) -> str:
    """One value, short."""
    if isinstance(value, Ref):
        return value.name
    if isinstance(value, Blob):
        return _blob(value)
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Text):
        return _cut(ascii(value.build()))
    if isinstance(value, Pick):
        return value.label.partition(":")[2] or f"{value.label}#{value.index}"
    if isinstance(value, Items):
        return _items(value)
    if isinstance(value, Hostile):
        return _hostile(value)
    if isinstance(value, Lent):
        return f"lent {value_text(value.value)}"
    return _cut(repr(value))


def _lines(step: Step, numbers: Iterator[int], width: int, *, depth: int, about: str) -> Iterator[str]:
    number = next(numbers)
    if depth:
        yield f"{'     ' * depth}> {number:>{width}}  {about}{step_text(step)}"
    else:
        thread = f"thread {step.thread}: " if step.thread else ""
        yield f"{number:>{width}}  {'together: ' if step.overlap else ''}{thread}{step_text(step)}"
    inside = [(name, hostile) for name, value in step.args.items() for hostile in hostiles(Step(do="", args={name: value})) if hostile.body]
    for name, hostile in inside:
        for nested in hostile.body:
            yield from _lines(nested, numbers, width, depth=depth + 1, about=f"in {name}: " if len(inside) > 1 else "")


def _arguments(args: dict[str, Value]) -> str:
    """Handles without their parameter's name, as long as they come first."""
    parts: list[str] = []
    named = False
    for name, value in args.items():
        named = named or not isinstance(value, Ref)
        parts.append(f"{name}={value_text(value)}" if named else value_text(value))
    return ", ".join(parts)


def _hazard(step: Step) -> str:
    args = dict(step.args)
    names = " ".join(value.name for value in args.values() if isinstance(value, Ref))
    if step.do == "@touch":
        return f"@touch {args.get('how', 'repr')}({names})"
    if step.do == "@uninitialised":
        return f"@uninitialised {step.out} like {names}"
    if step.do == "@fork":
        return "@fork" + (", the child exits" if step.args.get("leave") == "exit" else "")
    if step.do == "@subinterpreter":
        return "@subinterpreter"
    if step.do == "@end_thread":
        return f"@end_thread {args.get('thread', '?')}"
    if step.do == "@flood":
        operation, limit = args.pop("operation", ""), args.pop("limit", 0)
        return f"@flood {operation}({_arguments(args)}) x{limit}, x2, x4, x8" if operation else f"@flood {names} (time passes)"
    if step.do == "@shortage":
        operation, first, times = args.pop("operation", "?"), args.pop("from", 1), args.pop("times", 1)
        which = f"allocation {first} fails" if times == 1 or not isinstance(first, int) or not isinstance(times, int) else f"allocations {first} to {first + times - 1} fail, one at a time"
        return f"@shortage {operation}({_arguments(args)}): {which}"
    if step.do == "@pressure":
        operation, times = args.pop("operation", "?"), args.pop("times", "?")
        return f"@pressure {operation}{f'({_arguments(args)})' if args else ''} x{times}"
    if all(isinstance(value, Ref) for value in args.values()):
        return f"{step.do} {names}" if names else step.do
    return f"{step.do}({_arguments(args)})"


def _blob(blob: Blob) -> str:
    if blob.fill is not None:
        return f"{blob.kind}({blob.size} x 0x{blob.fill:02x})"
    raw = bytes(blob.build())
    shown = _cut(repr(raw))
    return shown if blob.kind == "bytes" else f"{blob.kind}({shown})"


def _items(value: Items) -> str:
    parts = [value_text(item) for item in value.items]
    if value.kind == "dict":
        parts = [f"{key}: {item}" for key, item in zip(parts[::2], parts[1::2], strict=False)]
    inner = ", ".join(parts)
    if value.kind == "set" and not parts:
        return "set()"
    if value.kind not in _BRACKETS:
        return f"{value.kind}({{{inner}}})" if parts else f"{value.kind}()"
    opening, closing = _BRACKETS[value.kind]
    comma = "," if value.kind == "tuple" and len(parts) == 1 else ""
    return f"{opening}{inner}{comma}{closing}"


def _hostile(hostile: Hostile) -> str:
    if hostile.protocol == "callback":
        text = "callback" if hostile.value is None else f"callback(returns {value_text(hostile.value)})"
    else:
        text = f"{hostile.protocol}({value_text(hostile.value)})"
    notes = []
    if hostile.when == "death":
        notes.append("when it dies")
    elif hostile.nth != 1:
        notes.append(f"at call {hostile.nth}")
    if hostile.raises:
        notes.append("raises")
    if hostile.cycle:
        notes.append("holds its handles (cycle)")
    if hostile.keep is not None:
        notes.append(f"keeps {hostile.keep}")
    return f"{text}[{', '.join(notes)}]" if notes else text


def _cut(text: str) -> str:
    if len(text) <= _LONG:
        return text
    return f"{text[: _LONG - 2]}…{text[-1]}"
