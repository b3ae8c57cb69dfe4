"""Memory evidence: the environments that make a stale touch show, and the test that each one really looks.

No mode contains another (of 575 real bugs stock shows 88%, debug 93%, unmap 91%, all three 98%), so a hunt rotates.
"""

from __future__ import annotations

import ctypes
import os
import platform
from dataclasses import dataclass, field

from deadhand import _native
from deadhand.worker import page_guard

GUARD = "guard"
"""The mode of the page guard, which works in the child and needs no environment."""

SANITIZER = "sanitizer"
"""The mode for a library that was built with a sanitizer. It is in no rotation: deadhand itself must be started with the runtime."""

_RUNTIMES = ("__asan_init", "__tsan_init", "__ubsan_handle_type_mismatch_v1")

FREED_FILL = {"debug": 0xDD, "poison": 0xA5}
"""What freed memory is overwritten with, by mode. (Allocation fill, 0xCD and 0x5A, is no lifetime bug.)"""

_DEBUG_LIBRARY = "libc_malloc_debug.so.0"
_MANAGED = ("PYTHONMALLOC", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_", "MALLOC_PERTURB_")


@dataclass(frozen=True)
class Mode:
    """One kind of evidence. `batch_safe`: findings in a warm child usually repeat alone (measured: 96% and more). `keeps`: settings of the caller that stay."""

    name: str
    summary: str
    environment: dict[str, str] = field(default_factory=dict)
    batch_safe: bool = True
    glibc_only: bool = False
    keeps: tuple[str, ...] = ()


MODES = {
    mode.name: mode
    for mode in (
        Mode("debug", "PYTHONMALLOC=debug: sees small Python objects", {"PYTHONMALLOC": "debug"}),
        Mode(
            "poison",
            "glibc fills freed memory with 0xA5 and checks the heap",
            {
                "PYTHONMALLOC": "malloc",
                "LD_PRELOAD": _DEBUG_LIBRARY,
                "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.check=3",
            },
            glibc_only=True,
        ),
        Mode(
            "unmap",
            "freed blocks of 256 bytes and more are unmapped: a touch is a fault",
            {
                "PYTHONMALLOC": "malloc",
                "MALLOC_MMAP_THRESHOLD_": "256",
                "MALLOC_TOP_PAD_": "0",
                "MALLOC_MMAP_MAX_": "60000",
            },
            glibc_only=True,
        ),
        Mode(GUARD, "freed blocks become inaccessible pages: the first touch faults, and who freed it is known", glibc_only=True),
        Mode(
            SANITIZER,
            "for a library built with a sanitizer: its report is read, and ends the process",
            {
                "PYTHONMALLOC": "malloc",
                "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:print_legend=0:allocator_may_return_null=1",
                "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
                "TSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:report_signal_unsafe=0",
            },
            keeps=("LD_PRELOAD",),
        ),
        Mode("stock", "nothing changed: what the user's process would do", batch_safe=False),
    )
}


def environment(mode: str, base: dict[str, str] | None = None) -> dict[str, str]:
    """The environment of a zygote in `mode`: the caller's, with every allocator setting replaced by the mode's."""
    inherited = dict(os.environ if base is None else base)
    for name in _MANAGED:
        if name not in MODES[mode].keeps:
            inherited.pop(name, None)
    return inherited | MODES[mode].environment


def available(mode: str) -> str:
    """Why `mode` cannot work on this platform, or an empty string."""
    if mode == SANITIZER:
        return _runtime_missing()
    if not MODES[mode].glibc_only:
        return ""
    if mode == GUARD:
        return _native.PageGuard.unsupported() or ""
    if platform.libc_ver()[0] != "glibc":
        return "needs glibc"
    if mode == "poison":
        try:
            ctypes.CDLL(_DEBUG_LIBRARY)
        except OSError:
            return f"{_DEBUG_LIBRARY} is not installed (it is part of glibc 2.34 and later)"
    return ""


def self_test(mode: str) -> str:
    """In a process started in `mode`: why its evidence cannot look, or an empty string when it does."""
    if mode == "stock":
        return ""
    if mode == "debug":
        return _debug_shows()
    if mode == "poison":
        return _poison_shows()
    if mode == GUARD:
        return page_guard.shows()
    if mode == SANITIZER:
        return _runtime_missing()
    return _unmap_shows()


def _runtime_missing() -> str:
    process = ctypes.CDLL(None)
    if any(hasattr(process, name) for name in _RUNTIMES):
        return ""
    return "no sanitizer's runtime is loaded: start deadhand with it, as in LD_PRELOAD=$(gcc -print-file-name=libasan.so) deadhand hunt …"


def _debug_shows() -> str:
    raw = ctypes.pythonapi.PyMem_Malloc
    raw.restype, raw.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    free = ctypes.pythonapi.PyMem_Free
    free.argtypes = [ctypes.c_void_p]
    block = raw(64)
    fresh = ctypes.string_at(block, 64)
    free(block)
    return "" if fresh == b"\xcd" * 64 else "PYTHONMALLOC=debug is not in force"


def _poison_shows() -> str:
    block = _raw_malloc(200)
    ctypes.memset(block, 0x11, 200)
    _raw_free(block)
    stale = ctypes.string_at(block + 64, 64)
    return "" if stale == b"\xa5" * 64 else "freed memory keeps its bytes: glibc's malloc debugging is not in force"


def _unmap_shows() -> str:
    # Large, and looked at where it begins: a small block that is mapped in between would take the end of the hole.
    block = _raw_malloc(1 << 20)
    page = (block + 4095) & ~4095
    resident = (ctypes.c_ubyte * 1)()
    mincore = ctypes.CDLL(None).mincore
    mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    before = mincore(page, 4096, resident)
    _raw_free(block)
    after = mincore(page, 4096, resident)
    return "" if before == 0 and after != 0 else "freed blocks stay mapped: the mmap threshold is not in force"


def _raw_malloc(size: int) -> int:
    """Allocate as the interpreter itself does: malloc looked up by ctypes would bypass the preloaded library."""
    call = ctypes.pythonapi.PyMem_RawMalloc
    call.restype, call.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    return int(call(size))


def _raw_free(block: int) -> None:
    call = ctypes.pythonapi.PyMem_RawFree
    call.argtypes = [ctypes.c_void_p]
    call(block)
