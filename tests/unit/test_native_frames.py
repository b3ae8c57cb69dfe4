"""Native stacks as text: mappings are read, the guard's own frames and the interpreter's loop go, what is unknown stays."""

from __future__ import annotations

from pathlib import Path

from deadhand.model import history as H  # noqa: N812
from deadhand.worker.native_frames import read_mappings, resolve

MAPS = """\
7f0000000000-7f0000001000 r--p 00000000 08:01 11 /lib/library.so
7f0000001000-7f0000003000 r-xp 00001000 08:01 11 /lib/library.so
7f0000003000-7f0000004000 rw-p 00003000 08:01 11 /lib/library.so
7f0000005000-7f0000006000 r-xp 00000000 00:00 0 [vdso]
"""


def test_only_code_from_files_is_a_mapping() -> None:
    (only,) = read_mappings(MAPS)
    assert (only.start, only.end, only.offset, only.path) == (0x7F0000001000, 0x7F0000003000, 0x1000, "/lib/library.so")


def test_a_history_without_stacks_is_left_alone() -> None:
    events = [[H.PHASE, "setup"], [H.GUARD, "use after free", "read", 0, 8, None, None, None]]
    assert resolve(events) is events


def test_real_addresses_become_functions_and_the_mappings_go() -> None:
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    code = next(each for each in read_mappings(maps) if "libc.so" in each.path)
    parts = [maps.encode()[at : at + 4096] for at in range(0, len(maps), 4096)]
    fault = [H.GUARD, "use after free", "read", 0, 8, [1, 0], [1, 0], [1, 0]]
    events = [[H.PHASE, "steps"], fault, *[[H.MAPPINGS, part] for part in parts], [H.FRAMES, "touched", [code.start + 64, 1]], [H.DONE]]
    resolved = resolve(events)
    assert [each[0] for each in resolved] == [H.PHASE, H.GUARD, H.FRAMES, H.DONE]
    (lines,) = [each[2] for each in resolved if each[0] == H.FRAMES]
    assert all("libc.so" in line for line in lines)
