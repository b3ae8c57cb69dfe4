"""Exit statuses by which a child tells its parent that it is deadhand, not the target, that stopped."""

INTERNAL = 88
"""deadhand's own code failed in the child: memory is spoilt, or deadhand is wrong. The verdict is UNKNOWN, never PASS."""

FULL_JOURNAL = 87
"""The journal was full: the parent runs the rest again in another child."""

DEADLOCK = 89
"""No thread of a region could go on, or none would. The journal says who waited for what."""
