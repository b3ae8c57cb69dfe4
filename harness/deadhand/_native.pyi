"""The native parts of deadhand: the journal, what a parent of doomed processes asks of the system, guarded handles.

Every wrong argument raises `TypeError` or `ValueError` with the remedy in its text; nothing here panics.
"""

import os
from typing import TypedDict, final, type_check_only

from typing_extensions import Self

from deadhand._native_buffer import Buffer, OutOfRange, Pool, Slice, Span
from deadhand._native_callback import CallbackFailed, DeadTarget, Event, Registration
from deadhand._native_channel import ChannelEmpty, ChannelFull, Consumer, Producer, channel
from deadhand._native_error import Interface, LastError, clear_last_error, last_error, take_last_error
from deadhand._native_future import ForkedRuntime, Runtime, Task, TaskCancelled, TaskPending, WouldDeadlock
from deadhand._native_pages import PageGuard, fail_allocation, native_symbols
from deadhand._native_schedule import Region, Scheduler, schedule_point
from deadhand._native_text import NotText, Text

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
    "ForkedRuntime",
    "HandleError",
    "HasChildren",
    "Interface",
    "Journal",
    "JournalCorrupt",
    "JournalFull",
    "LastError",
    "NativePanic",
    "NotText",
    "OutOfRange",
    "PageGuard",
    "Pool",
    "Producer",
    "Reader",
    "Region",
    "Registration",
    "Runtime",
    "Scheduler",
    "Slice",
    "Span",
    "StaleHandle",
    "Store",
    "Task",
    "TaskCancelled",
    "TaskPending",
    "Text",
    "Unsupported",
    "WouldDeadlock",
    "Writer",
    "WrongThread",
    "build_info",
    "channel",
    "children",
    "clear_last_error",
    "core_ledger",
    "fail_allocation",
    "last_error",
    "native_symbols",
    "schedule_point",
    "set_child_subreaper",
    "set_parent_death_signal",
    "take_last_error",
]

class JournalFull(RuntimeError):
    """The record does not fit any more; nothing was written. The text says how many bytes it needs and how many remain."""

class JournalCorrupt(RuntimeError):
    """The header of the journal was overwritten, so that nothing can be appended; `Journal.reset` repairs it."""

class Unsupported(NotImplementedError):
    """This platform cannot do what was asked."""

@final
class Journal:
    """An append-only record log in shared memory that outlives the SIGKILL of its writer.

    Forked children inherit it; other processes attach to its descriptor. Any number of threads and processes may
    append at once, and none waits for another. It leaves nothing in the file system.

    It does not protect records from a process that overwrites the shared memory: a reader then finds damage, or a
    forged record, but it never crashes.
    """

    @staticmethod
    def create(capacity: int) -> Journal:
        """Make an empty journal with room for `capacity` bytes of records, rounded up to a multiple of 8.

        A record takes 16 bytes more than its payload, rounded up to a multiple of 8. Memory is taken as it is used.

        Raises:
            ValueError: `capacity` is below 16 bytes or above 32 GiB.
            OSError: the system has no memory or no descriptor left.
            Unsupported: the platform has no sealed anonymous memory.
        """

    @staticmethod
    def attach(fd: int) -> Journal:
        """Open the journal behind the descriptor `fd`, which is duplicated and stays the caller's.

        Raises:
            ValueError: `fd` is not open, is not a journal, or is one of another format version.
            OSError: the system refused.
            Unsupported: the platform has no sealed anonymous memory.
        """

    def fileno(self) -> int:
        """Return the journal's own descriptor.

        It is closed on exec; for a child that is not forked, call `os.set_inheritable(journal.fileno(), True)` or
        pass it in `pass_fds`. Do not close it.
        """

    def append(self, payload: bytes) -> int:
        """Append one record and return its offset in bytes. Once this returns, the record survives the process.

        The GIL is kept: an append takes less time than releasing it would.

        Raises:
            JournalFull: the record does not fit; a smaller one still may.
            JournalCorrupt: the header was overwritten.
            ValueError: `payload` is 2 GiB or longer.
        """

    def read(self, cursor: int = 0, *, live: bool = False) -> tuple[list[bytes], int, str | None]:
        """Return the records from `cursor` on, the cursor to read on from, and one sentence on damage, or None.

        Torn and corrupt records are left out and counted in the sentence. Where damage hides the length of a record,
        reading ends there, the sentence says so, and the cursor stays.

        Args:
            cursor: 0, or what the last read returned (bytes; a multiple of 8).
            live: writers are at work: end before the first record that is not committed yet instead of calling it torn.

        Raises:
            ValueError: `cursor` cannot have come from a read of this journal.
        """

    def reset(self) -> None:
        """Forget all records, repair the header and begin the next epoch. For when no writer is at work."""

    @property
    def used(self) -> int:
        """Bytes that the records take, their overhead included."""

    @property
    def capacity(self) -> int:
        """Bytes there is room for."""

    @property
    def epoch(self) -> int:
        """How often the journal was started: 1, and one more for every reset."""

def set_parent_death_signal(signum: int) -> None:
    """Have the kernel send `signum` to this process when its parent dies; 0 takes it back.

    "Parent" is the *thread* that forked this process. The setting is lost on fork. If the parent may already be dead,
    compare `os.getppid()` with the expected parent afterwards.

    Raises:
        ValueError: `signum` is not a signal that has a name (real-time signals have none).
        OSError: the system refused.
        Unsupported: not on Linux.
    """

def set_child_subreaper(on: bool) -> None:
    """Make this process the parent of descendants whose own parent dies, or stop being it.

    Raises:
        OSError: the system refused.
        Unsupported: not on Linux.
    """

def children() -> list[int]:
    """Return the process ids of this process's children, zombies included, in ascending order.

    A snapshot: a child that was started meanwhile may be missing.

    Raises:
        OSError: /proc is not mounted.
        Unsupported: not on Linux.
    """

@type_check_only
class _BuildInfo(TypedDict):
    version: str
    profile: str
    target: str
    pyo3: str
    journal_format: str
    checked: bool

def build_info() -> _BuildInfo:
    """Return what this build is: `version`, `profile`, `target` (triple), `pyo3` (version), `journal_format`, `checked`.

    `checked`: freed blocks are overwritten and kept, creation sites and operation numbers are recorded. Generations,
    thread and busy checks and the panic fence are always on.
    """

class HandleError(Exception):
    """A handle cannot do what was asked. The text names the handle and what to do; so for every subclass."""

class StaleHandle(HandleError):
    """The object is gone. The text names both generations, and the operation that freed it (in a checked build)."""

class ClosedHandle(HandleError):
    """The object is closed, and only waits for its last user or child."""

class BusyHandle(HandleError):
    """Somebody else uses it: a thread in a call, the store's one writer, or another store on the same file."""

class WrongThread(HandleError):
    """Only the thread that created it may use it."""

class HasChildren(HandleError):
    """It has children, and was asked to refuse then."""

class FencedHandle(HandleError):
    """A call on it panicked, so nobody knows its state: close it and create a new one."""

class NativePanic(HandleError):
    """The call panicked; the object that it was made on is fenced off."""

    location: str | None
    """`file:line:column` of the panic."""
    backtrace: str | None
    """The native stack at the panic."""

class DatabaseError(RuntimeError):
    """The database refused: it is damaged, or no database at all."""

@type_check_only
class _Closable:
    def close(self) -> None: ...
    @property
    def closed(self) -> bool:
        """Whether it is closed."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...

@final
class Store(_Closable):
    """An embedded database: keys and values are bytes. Any number of threads may use it at once.

    Make one with `Store.in_memory()` or `Store.open()`. Used as a context manager, it is closed at the end. One that is
    dropped unclosed is closed, with a `ResourceWarning`.
    """

    @staticmethod
    def in_memory() -> Store:
        """Make an empty database in memory."""

    @staticmethod
    def open(path: str | os.PathLike[str]) -> Store:
        """Open the database in the file `path`, which is made if it is not there.

        Raises:
            BusyHandle: the file is open already, here or in another process.
            DatabaseError: the file is something else, or damaged.
            OSError: the system refused.
        """

    def read(self) -> Reader:
        """Take a snapshot of what is committed now.

        Raises:
            StaleHandle, ClosedHandle: the store is closed.
            FencedHandle: a call on the store panicked.
        """

    def write(self) -> Writer:
        """Begin the one transaction that writes; never waits for another one.

        Raises:
            BusyHandle: there is a writer already.
            StaleHandle, ClosedHandle: the store is closed.
            FencedHandle: a call on the store panicked.
        """

    def close(self, *, refuse: bool = False) -> None:
        """Close it, so that nothing new is made of it; closing it again does nothing.

        Its readers and its writer go on, and keep the database open until they are closed.

        Args:
            refuse: leave the store open and raise instead if there are any.

        Raises:
            HasChildren: there are readers or a writer, and `refuse` is true.
        """

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the store is fenced off, its readers and its writer are not.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

@final
class Reader(_Closable):
    """A snapshot of a store, and an iterator over its items in the order of keys. One thread at a time may use it.

    What it shows never changes, also after the store is closed. All methods but `close` raise `BusyHandle` while
    another thread is in a call, and `StaleHandle` or `ClosedHandle` after `close`.
    """

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key`, or None."""

    def count(self) -> int:
        """Return how many items there are."""

    def rewind(self) -> None:
        """Go back to before the first item."""

    def __iter__(self) -> Reader: ...
    def __next__(self) -> tuple[bytes, bytes]: ...
    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the reader is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """Give the snapshot up; if another thread is in a call, when that ends. Closing it again does nothing."""

@final
class Writer(_Closable):
    """The one transaction of a store that writes. One thread at a time may use it; what is not committed is undone.

    As a context manager it commits, or aborts when the block raised. All methods but `abort` and `close` raise
    `BusyHandle` while another thread is in a call, and `StaleHandle` or `ClosedHandle` after the end.
    """

    def put(self, key: bytes, value: bytes) -> None:
        """Store `value` under `key`."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of `key` as this transaction sees it, or None."""

    def remove(self, key: bytes) -> bool:
        """Remove `key` and return whether it was there."""

    def deleter(self, prefix: bytes) -> Deleter:
        """Make a cursor of this thread that deletes the keys that begin with `prefix`."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the writer is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def commit(self) -> None:
        """Make the changes last and end the writer.

        Raises:
            DatabaseError, OSError: nothing is changed, and the writer has ended all the same.
        """

    def abort(self) -> None:
        """Undo the changes and end the writer; if another thread is in a call, when that ends. Again: does nothing."""

    def close(self) -> None:
        """The same as `abort`."""

@final
class Deleter:
    """A cursor that deletes keys as it goes. Only the thread that made it may use or close it; it ends with that thread.

    Any thread may drop it: its own thread frees it then, when it next makes or closes a deleter, calls `core_ledger`,
    or ends. It does not keep its writer.
    """

    def step(self) -> bytes | None:
        """Delete the next key and return it; None after the last one.

        Raises:
            WrongThread: another thread made it.
            BusyHandle: another thread is in a call of the writer.
            StaleHandle, ClosedHandle: it is closed, or its writer has ended.
        """

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the deleter is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """End the cursor, not the writer. Closing it again does nothing.

        Raises:
            WrongThread: another thread made it.
        """

    @property
    def closed(self) -> bool:
        """Whether it is closed. Any thread may ask."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had. Any thread may ask."""

    def __enter__(self) -> Deleter: ...
    def __exit__(self, *exception: object) -> None: ...

def core_ledger() -> dict[str, int]:
    """Return how many objects are alive in this process: `store`, `reader`, `writer`, `deleter`, and `queued`.

    Also `buffer`, `slice`, `span`, `pool`, and `view`, what is lent.
    Also `text` and `interface`.
    `event` and `registration` are those of callbacks.
    `producer`, `consumer` and `item` are those of channels; an item is one that waits.

    `queued` are the deleters that were dropped on another thread and wait for their own one to free them; those of the
    calling thread are freed first. Meanwhile another thread may be in the middle of freeing something: that counts until
    it is done.
    """
