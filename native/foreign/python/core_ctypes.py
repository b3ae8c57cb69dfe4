"""The C interface by ctypes: the argument types of every function are declared, or ctypes would guess `int`."""

from __future__ import annotations

import ctypes as c
from pathlib import Path
from typing import Any

from .errors import failure

VERSION = 1
_library = c.CDLL(str(Path(__file__).resolve().parents[1] / "libdeadhand_core_c.so"))


class _Bytes(c.Structure):
    _fields_ = [("data", c.c_void_p), ("length", c.c_size_t)]


class _Items(c.Structure):
    _fields_ = [("data", c.POINTER(c.c_void_p)), ("length", c.c_size_t)]


class _PoolReport(c.Structure):
    _fields_ = [(name, c.c_uint64) for name in ("rented", "resurrected", "resting", "dirty")]


class _Fired(c.Structure):
    _fields_ = [*((name, c.c_size_t) for name in ("answered", "failed", "skipped", "unregistered")), ("cut_short", c.c_int32)]


class _Closing(c.Structure):
    _fields_ = [("told", c.c_size_t), ("still_running", c.c_size_t)]


class _Counts(c.Structure):
    _fields_ = [
        *((name, c.c_size_t) for name in ("capacity", "producers", "consumers")),
        *((name, c.c_uint64) for name in ("sent", "received", "returned")),
        ("in_flight", c.c_size_t),
    ]


def _declare(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_library, f"deadhand_{name}")
    function.restype, function.argtypes = result, arguments
    return function


_bytes_free = _declare("bytes_free", None, c.POINTER(_Bytes))
_items_free = _declare("items_free", None, c.POINTER(_Items))
_last_status = _declare("last_error_status", c.c_int32)
_last_message = _declare("last_error_message", c.c_size_t, c.c_char_p, c.c_size_t)
is_open = _declare("is_open", c.c_int32, c.c_uint64)
discard = _declare("discard", None, c.c_uint64)

if _declare("version", c.c_uint32)() != VERSION:
    message = "libdeadhand_core_c.so is of another version than this package: run native/foreign/build.py"
    raise ImportError(message)


def _value(out: Any) -> Any:
    return out.value


def _number(out: Any) -> int:
    return out.value or 0


def _bytes(out: _Bytes) -> bytes | None:
    try:
        return None if out.data is None else c.string_at(out.data, out.length)
    finally:
        _bytes_free(c.byref(out))


def _items(out: _Items) -> list[int]:
    try:
        return [out.data[at] or 0 for at in range(out.length)]
    finally:
        _items_free(c.byref(out))


def _record(out: c.Structure) -> dict[str, int]:
    return {name: getattr(out, name) for name, _ in out._fields_}


_IN = {"h": c.c_uint64, "n": c.c_size_t, "i": c.c_int32, "d": c.c_double, "b": c.c_char_p}
_IN |= {"w": c.c_void_p, "p": c.c_void_p, "f": c.c_void_p}
_OUT = {"h": (c.c_uint64, _value), "n": (c.c_size_t, _value), "i": (c.c_int32, _value), "p": (c.c_void_p, _number)}
_OUT |= {"B": (_Bytes, _bytes), "I": (_Items, _items)}
_OUT |= {"P": (_PoolReport, _record), "F": (_Fired, _record), "C": (_Counts, _record), "L": (_Closing, _record)}


def function(name: str, inputs: str, outputs: str = "") -> Any:
    """A function that raises what goes wrong and returns its answers, by the letters of what it takes and gives."""
    outs = [_OUT[each] for each in outputs]
    native = _declare(name, c.c_int32, *(_IN[each] for each in inputs), *(c.POINTER(kind) for kind, _ in outs))
    if not outs:

        def call(*args: Any) -> None:
            if status := native(*args):
                raise _failure(status)

    elif len(outs) == 1:
        kind, read = outs[0]

        def call(*args: Any) -> Any:
            out = kind()
            if status := native(*args, c.byref(out)):
                raise _failure(status)
            return read(out)

    else:

        def call(*args: Any) -> Any:
            made = [kind() for kind, _ in outs]
            if status := native(*args, *map(c.byref, made)):
                raise _failure(status)
            return tuple(read(out) for (_, read), out in zip(outs, made, strict=True))

    return call


def _failure(status: int) -> Exception:
    recorded, room = _last_status(), 512
    while True:
        text = c.create_string_buffer(room)
        needed = _last_message(text, room)
        if needed <= room:
            return failure(status, recorded, text.value.decode("utf-8"))
        room = needed


def writable(memory: bytearray) -> Any:
    """The address of the bytearray, which cannot be resized while what this returns is alive."""
    return c.byref(c.c_char.from_buffer(memory)) if bytearray.__len__(memory) else None


def pointer(number: int) -> int:
    """A number as C takes a pointer for."""
    return number


thunks: list[Any] = []
"""All that C may call, for who calls C at the end of the interpreter, when the names of this module may be gone."""
_THUNKS: dict[str, Any] = {
    "call": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_uint64, c.c_void_p),
    "release": c.CFUNCTYPE(None, c.c_void_p),
    "upgrade": c.CFUNCTYPE(c.c_void_p, c.c_void_p),
    "work": c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p),
    "done": c.CFUNCTYPE(None, c.c_void_p, c.c_int32),
    "failed": c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_int32, c.c_void_p, c.c_size_t),
}


def callback(kind: str, target: Any) -> Any:
    """A function pointer for C, which is kept: C may call it as long as there is a class that uses it."""
    if kind == "failed":

        def plain(argument: Any, registration: int, why: int, message: Any, length: int, text: Any = c.string_at) -> None:
            target(argument or 0, registration, why, text(message, length).decode("utf-8") if length else "")

    elif kind == "release":

        def plain(user: Any) -> None:
            target(user or 0)  # what it returns is dropped here

    elif kind == "work":

        def plain(user: Any, _result: Any) -> int:
            return target(user or 0)

    else:
        plain = target
    thunk = _THUNKS[kind](plain)
    thunks.append(thunk)
    return c.cast(thunk, c.c_void_p)
