"""The C interface by cffi, in ABI mode: the declarations are read from the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cffi import FFI

from .errors import failure

_HERE = Path(__file__).resolve().parents[1]
VERSION = 1


def _declarations(header: str) -> str:
    """What is left of the header for a C compiler that is not that of C++ and does not know C23."""
    kept: list[str] = []
    taken: list[bool] = []
    for line in header.splitlines():
        word = line.split()[0] if line.split() else ""
        if word in ("#if", "#ifdef", "#ifndef"):
            taken.append(word == "#ifndef")  # every condition asks for C++ or C23, every negated one for their absence
        elif word == "#else":
            taken[-1] = not taken[-1]
        elif word == "#endif":
            taken.pop()
        elif all(taken) and not word.startswith("#"):
            kept.append(line)
    return "\n".join(kept)


ffi = FFI()
ffi.cdef(_declarations((_HERE / "deadhand.h").read_text(encoding="utf-8")))
_library: Any = ffi.dlopen(str(_HERE / "libdeadhand_core_c.so"))
is_open, discard = _library.deadhand_is_open, _library.deadhand_discard
_new, _cast, _buffer, _no_bytes = ffi.new, ffi.cast, ffi.buffer, ffi.NULL

if _library.deadhand_version() != VERSION:
    message = "libdeadhand_core_c.so is of another version than this package: run native/foreign/build.py"
    raise ImportError(message)


def _value(out: Any) -> Any:
    return out[0]


def _number(out: Any, cast: Any = _cast) -> int:
    return int(cast("uintptr_t", out[0]))


def _bytes(out: Any) -> bytes | None:
    try:
        return None if out.data == _no_bytes else _buffer(out.data, out.length)[:]
    finally:
        _library.deadhand_bytes_free(out)


def _items(out: Any) -> list[int]:
    try:
        return [int(_cast("uintptr_t", out.data[at])) for at in range(out.length)]
    finally:
        _library.deadhand_items_free(out)


def _record(out: Any) -> dict[str, int]:
    return {name: getattr(out, name) for name in dir(out)}


_OUT = {"h": ("uint64_t *", _value), "n": ("size_t *", _value), "i": ("int32_t *", _value), "p": ("void **", _number)}
_OUT |= {"B": ("deadhand_bytes *", _bytes), "I": ("deadhand_items *", _items), "P": ("deadhand_pool_counts *", _record)}
_OUT |= {"F": ("deadhand_fired *", _record), "C": ("deadhand_counts *", _record)}
_OUT |= {"L": ("deadhand_closing *", _record)}


def function(name: str, _inputs: str, outputs: str = "") -> Any:
    """A function that raises what goes wrong and returns its answers. What it takes, the header says."""
    native = getattr(_library, f"deadhand_{name}")
    outs = [(ffi.typeof(kind), read) for kind, read in (_OUT[each] for each in outputs)]
    if not outs:

        def call(*args: Any) -> None:
            if status := native(*args):
                raise _failure(status)

    elif len(outs) == 1:
        kind, read = outs[0]

        def call(*args: Any) -> Any:
            out = _new(kind)
            if status := native(*args, out):
                raise _failure(status)
            return read(out)

    else:

        def call(*args: Any) -> Any:
            made = [_new(kind) for kind, _ in outs]
            if status := native(*args, *made):
                raise _failure(status)
            return tuple(read(out) for (_, read), out in zip(outs, made, strict=True))

    return call


def _failure(status: int) -> Exception:
    recorded, room = _library.deadhand_last_error_status(), 512
    while True:
        text = _new("char[]", room)
        needed = _library.deadhand_last_error_message(text, room)
        if needed <= room:
            return failure(status, recorded, ffi.string(text).decode("utf-8"))
        room = needed


def writable(memory: bytearray) -> Any:
    """The address of the bytearray, which cannot be resized while what this returns is alive."""
    return ffi.from_buffer("uint8_t *", memory, require_writable=True)


def pointer(number: int) -> Any:
    """A number as C takes a pointer for."""
    return _cast("void *", number)


thunks: list[Any] = []
"""All that C may call, for who calls C at the end of the interpreter, when the names of this module may be gone."""


def callback(kind: str, target: Any, cast: Any = _cast) -> Any:
    """A function pointer for C, which is kept: C may call it as long as there is a class that uses it."""
    if kind == "call":

        def plain(user: Any, registration: int, argument: Any) -> int:
            return target(int(cast("uintptr_t", user)), registration, int(cast("uintptr_t", argument)))

    elif kind == "release":

        def plain(user: Any) -> None:
            target(int(cast("uintptr_t", user)))  # what it returns is dropped here

    elif kind == "work":

        def plain(user: Any, _result: Any) -> int:
            return target(int(cast("uintptr_t", user)))

    elif kind == "done":

        def plain(user: Any, fate: int) -> None:
            target(int(cast("uintptr_t", user)), fate)

    elif kind == "upgrade":

        def plain(user: Any) -> Any:
            return cast("void *", target(int(cast("uintptr_t", user))))

    else:

        def plain(argument: Any, registration: int, why: int, message: Any, length: int, text: Any = _buffer) -> None:
            said = bytes(text(message, length)).decode("utf-8") if length else ""
            target(int(cast("uintptr_t", argument)), registration, why, said)

    thunk = ffi.callback(ffi.typeof(f"deadhand_{kind}"), plain)
    thunks.append(thunk)
    return thunk
