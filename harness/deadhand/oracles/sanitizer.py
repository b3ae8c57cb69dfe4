"""What a sanitizer wrote to standard error before it ended the process, as one sentence. For targets that were built with one.

Reads the reports of AddressSanitizer, ThreadSanitizer and UndefinedBehaviorSanitizer of GCC and Clang.
"""

from __future__ import annotations

import re

_HEAD = re.compile(r"(?:ERROR|WARNING): (AddressSanitizer|ThreadSanitizer|LeakSanitizer): (?:attempting )?([a-z][\w-]*(?: [a-z][\w-]*)*?)(?= on | in |: | \(|$)", re.MULTILINE)
_UNDEFINED = re.compile(r"^(\S+?:\d+(?::\d+)?): runtime error: (.+)$", re.MULTILINE)
_ACCESS = re.compile(r"\b((?:READ|WRITE|Read|Write) of size \d+)")
_FRAME = re.compile(r"#\d+ (?:0x[0-9a-f]+ in )?(\S+) (?:\(|([^\s()]+?:\d+)?)")
_PARTS = (("freed", re.compile(r"(?:freed by thread|deallocated by)[^\n]*:\n((?: +#.*\n?)+)")), ("allocated", re.compile(r"(?:previously allocated by|allocated by) thread[^\n]*:\n((?: +#.*\n?)+)")), ("the other", re.compile(r"Previous (?:read|write)[^\n]*:\n((?: +#.*\n?)+)")))
_INTERCEPTORS = ("__interceptor_", "__asan_", "operator", "malloc", "calloc", "realloc", "free", "posix_memalign", "strdup")


def sentence(stderr: str) -> str:
    """`AddressSanitizer: heap-use-after-free, READ of size 8 in block_use blocks.c:160; freed in …; allocated in …`, or nothing."""
    head = _HEAD.search(stderr)
    if head is None:
        undefined = _UNDEFINED.search(stderr)
        return f"UndefinedBehaviorSanitizer: {undefined[2][:120]} in {undefined[1]}" if undefined is not None else ""
    rest = stderr[head.end() :]
    access = _ACCESS.search(rest)
    told = f"{head[1]}: {head[2]}" + (f", {access[1]}" if access is not None else "")
    where = _place(rest)
    told += f" in {where}" if where else ""
    for word, pattern in _PARTS:
        part = pattern.search(rest)
        if part is not None and (where := _place(part[1])):
            told += f"; {word} in {where}"
    return told


def _place(text: str) -> str:
    """Function, file and line of the first frame that is none of the sanitizer's."""
    for frame in _FRAME.finditer(text):
        if not frame[1].startswith(_INTERCEPTORS):
            return f"{frame[1]} {frame[2].rpartition('/')[2]}".strip() if frame[2] else frame[1]
    return ""
