"""The exceptions, and which status becomes which."""


class HandleError(Exception):
    """A handle cannot do what was asked. The text names the handle and what to do; so for every subclass."""


class StaleHandle(HandleError):
    """The object is gone: create a new one."""


class ClosedHandle(HandleError):
    """The object is closed, and only waits for its last user or child."""


class BusyHandle(HandleError):
    """Somebody else uses it: wait, or use one each."""


class WrongThread(HandleError):
    """Only the thread that created it may use it."""


class HasChildren(HandleError):
    """It has children: close them first."""


class FencedHandle(HandleError):
    """A call on it panicked, so nobody knows its state: close it and create a new one."""


class NativePanic(HandleError):
    """The call panicked; the text says where. The object is fenced off."""


class DeadTarget(HandleError):
    """The weakly registered callback has died."""


class CallbackFailed(HandleError):
    """Callbacks failed. `failures` has a (handle, exception) for each, `answers` what the others answered."""


class ChannelFull(HandleError):
    """As many items wait as can."""


class ChannelEmpty(HandleError):
    """No item waits."""


class WouldBlock(HandleError):
    """Not now. Which of the two above it is, the caller knows."""


class TaskPending(HandleError):
    """The task is not done: wait for it."""


class TaskCancelled(HandleError):
    """The task was cancelled, so there is no result."""


class WouldDeadlock(HandleError):
    """A thread that runs tasks cannot wait for one: wait on another thread."""


class DatabaseError(RuntimeError):
    """The database refused: damaged, or none at all."""


class NotText(ValueError):
    """What should be text is not UTF-8, or has a NUL."""


class OutOfRange(ValueError):
    """The bytes asked for are not all there, or too many."""


BY_STATUS = {
    3: StaleHandle,
    4: ClosedHandle,
    5: FencedHandle,
    6: BusyHandle,
    7: BusyHandle,
    8: WrongThread,
    11: MemoryError,
    12: NativePanic,
    13: HasChildren,
    20: OutOfRange,
    21: StaleHandle,
    22: ValueError,
    30: WouldBlock,
    31: TimeoutError,
    32: ClosedHandle,
    40: DeadTarget,
    41: RecursionError,
    50: NotText,
    60: TaskCancelled,
    61: ClosedHandle,
    63: WouldDeadlock,
    70: OSError,
    71: DatabaseError,
}


def failure(status: int, recorded: int, message: str) -> Exception:
    """The exception for a call that gave `status`, with what was recorded for this thread after that.

    A signal handler may have come in between and called something itself: then the record is not about this call.
    """
    text = message if recorded == status else f"the call failed with status {status}; what it said was overwritten"
    return BY_STATUS.get(status, HandleError)(text)
