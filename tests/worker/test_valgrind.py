"""The second opinion: what valgrind wrote, as one sentence; and a case that it is asked about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deadhand.worker.valgrind import opinion, sentence

pytestmark = pytest.mark.timeout(240)

WROTE = """\
==7== Invalid read of size 1
==7==    at 0x484: memchr (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==7==    by 0x4AB: stringlib_find_char (fastsearch.h:92)
==7==  Address 0x5a3 is 0 bytes inside a block of size 50,001 free'd
==7==    at 0x484: free (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==7==    by 0x4AC: PyByteArray_Resize (bytearrayobject.c:233)
==7==  Block was alloc'd at
==7==    at 0x484: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==7==    by 0x4AD: bytearray___init___impl (bytearrayobject.c:790)
==7==
==7== Process terminating with default action of signal 11 (SIGSEGV)
"""

SCRIPT = """
import ctypes
allocate, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
allocate.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
block = allocate(72)
{}
ctypes.string_at(block, 8)
"""


def test_the_first_report_is_one_sentence() -> None:
    assert sentence(WROTE) == "valgrind: Invalid read of size 1 in stringlib_find_char fastsearch.h:92; freed in PyByteArray_Resize bytearrayobject.c:233; allocated in bytearray___init___impl bytearrayobject.c:790"
    assert sentence("==7== Process terminating with default action of signal 11 (SIGSEGV)\n") == "valgrind: Process terminating"
    assert sentence("Traceback …\n") == "valgrind sees nothing"


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed (2026-11-27)")
def test_a_script_is_run_and_told_apart_from_a_harmless_one() -> None:
    told = opinion(SCRIPT.format("free(block)"), "stock")
    assert told.startswith("valgrind: Invalid read of size ")
    assert "freed in " in told
    assert opinion(SCRIPT.format(""), "stock") == "valgrind sees nothing"
    assert not list(Path().glob("deadhand-valgrind-*"))
