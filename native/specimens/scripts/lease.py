"""Trimming must survive a lease that the collector drops meanwhile (MAD-16)."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from shelf import load

lib = load("lease", sys.argv[1])


class Context:
    """What a user gives to the library; it may be a callback."""

    def __call__(self):
        return self.handle


tag = Context()
tag.handle = lib.Lease()
tag.handle.tag(tag)
del tag
left = lib.trim()
if left != 0:
    sys.exit(f"{left} leases are left")
print("clean")
