"""Weak references to whatever a program gives to a library."""

from __future__ import annotations

import weakref
from typing import Any


class _Token:
    """Lives as long as the one object that holds it."""


def reference_to(made: Any) -> weakref.ref[Any]:
    """A weak reference that dies with `made`; to something that only `made` holds where its type (bytes) takes none itself."""
    try:
        return weakref.ref(made)
    except TypeError:
        made.token = _Token()
        return weakref.ref(made.token)
