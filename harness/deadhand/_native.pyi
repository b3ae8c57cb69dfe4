"""The native parts of deadhand: the crash-proof journal, and what a parent of doomed processes asks of the system.

Every wrong argument raises `TypeError` or `ValueError` with the remedy in its text; nothing here panics.
"""

from typing import final

__all__ = [
    "Journal",
    "JournalCorrupt",
    "JournalFull",
    "Unsupported",
    "build_info",
    "children",
    "set_child_subreaper",
    "set_parent_death_signal",
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

def build_info() -> dict[str, str]:
    """Return what this build is: `version`, `profile`, `target` (triple), `pyo3` (version) and `journal_format`."""
