"""Exceptions in words, whatever they do when they are asked."""

from __future__ import annotations

TEXT = 200
"""The most letters of anything that is written down."""


def bases(kind: type) -> list[str]:
    """The dotted names of a class and its bases, but for object."""
    return [f"{each.__module__}.{each.__qualname__}" for each in kind.__mro__[:-1]]


def say(error: BaseException | None) -> str:
    """What an exception says, cut short."""
    try:
        return str(error)[:TEXT].encode("utf-8", "replace").decode()
    except BaseException:  # noqa: BLE001  the message itself may be hostile
        return "its message cannot be shown"
