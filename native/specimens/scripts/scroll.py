"""Without memory for a line, a scroll must keep what it has (MAD-04)."""

import sys
from pathlib import Path

try:
    from _testcapi import remove_mem_hooks, set_nomemory
except ImportError:
    sys.exit("not built here: this interpreter lacks _testcapi, of CPython's own tests")

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("scroll", sys.argv[1])

start = lib.alive()
text = ["kept"], ["kept", "lost"]
for nth in range(1, 7):  # the allocation that fails: one of them is the line's
    scroll = lib.Scroll()
    scroll.append("kept")
    did = 1
    set_nomemory(nth - 1, nth)
    try:
        scroll.append("lost")
    except MemoryError:
        did = 0
    remove_mem_hooks()
    if scroll.text() != text[did]:
        sys.exit(f"the scroll reads {scroll.text()!r}")
    scroll.close()
if lib.alive() != start:
    sys.exit(f"{lib.alive() - start} scrolls are left")
print("clean")
