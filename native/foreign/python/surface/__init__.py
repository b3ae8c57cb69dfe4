"""The core of deadhand through its C interface: the same classes as `deadhand._native` has, over what `_low` speaks C with."""

from .callback import Event, Registration
from .channel import Consumer, Producer, channel
from .errors import (
    BusyHandle,
    CallbackFailed,
    ChannelEmpty,
    ChannelFull,
    ClosedHandle,
    DatabaseError,
    DeadTarget,
    FencedHandle,
    HandleError,
    HasChildren,
    NativePanic,
    NotText,
    OutOfRange,
    StaleHandle,
    TaskCancelled,
    TaskPending,
    WouldDeadlock,
    WrongThread,
)
from .ledger import core_ledger
from .memory import Buffer, Pool, Slice, Span
from .store import Deleter, Reader, Store, Writer
from .task import Runtime, Task
from .text import Text

__all__ = [
    "Buffer",
    "BusyHandle",
    "CallbackFailed",
    "ChannelEmpty",
    "ChannelFull",
    "ClosedHandle",
    "Consumer",
    "DatabaseError",
    "DeadTarget",
    "Deleter",
    "Event",
    "FencedHandle",
    "HandleError",
    "HasChildren",
    "NativePanic",
    "NotText",
    "OutOfRange",
    "Pool",
    "Producer",
    "Reader",
    "Registration",
    "Runtime",
    "Slice",
    "Span",
    "StaleHandle",
    "Store",
    "Task",
    "TaskCancelled",
    "TaskPending",
    "Text",
    "WouldDeadlock",
    "Writer",
    "WrongThread",
    "channel",
    "core_ledger",
]
