"""The part of `deadhand._native` that is about callbacks. A stub only: import from `deadhand._native`."""

from collections.abc import Callable
from typing import Any, Literal, final

from deadhand._native import HandleError

class DeadTarget(HandleError):
    """The callback was registered weakly and has died: keep it alive, or unregister."""

class CallbackFailed(HandleError):
    """Callbacks of an event failed. All of them were called; the first failure is the `__cause__`."""

    answers: list[Any]
    """What the others returned, in the order of registration."""
    failures: list[tuple[int, Exception]]
    """Which registrations failed (their handles), and how."""

@final
class Event:
    """A list of callbacks, called in the order in which they were registered. Any number of threads may use it at once.

    Callbacks may do anything to the event while they run: what they register is called the next time, what they
    unregister or clear is not called any more, and after a `close` nothing more is called. The collector sees
    what an event holds, so a callback may hold its event. One that is dropped unclosed is closed, with a
    `ResourceWarning`. After `close` all methods but that raise `StaleHandle` or `ClosedHandle`.
    """

    def __new__(cls) -> Event: ...
    def register(
        self, callback: Callable[..., object], *, weak: bool = False, on_dead: Literal["error", "skip", "unregister"] | None = None
    ) -> Registration:
        """Put `callback` at the end of the list. Keep what this returns: dropping it unregisters.

        Args:
            callback: what `fire` calls. The same one may be registered many times.
            weak: do not keep the callback alive. A bound method lives as long as its object.
            on_dead: what `fire` does about a weak callback that has died: count it as failed with `DeadTarget` (the
                default), pass over it, or pass over it once and unregister it.
        """

    def fire(self, *args: object) -> list[Any]:
        """Call everything that is registered now with `args`, one after the other on this thread; return the answers.

        A failure does not keep the others from being called, and is raised after that. What is no `Exception`, such as
        `KeyboardInterrupt`, is raised at once, and so is `RecursionError`.

        Raises:
            CallbackFailed: callbacks failed, or weak ones have died.
            RecursionError: callbacks fired callbacks, 64 deep.
            ClosedHandle: the event is closed, or the interpreter ends and this is a daemon thread.
        """

    def count(self) -> int:
        """Return how many callbacks are registered, dead ones included."""

    def clear(self) -> int:
        """Unregister everything and return how many that were."""

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the event is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """Close it and unregister everything. Closing it again does nothing."""

    @property
    def closed(self) -> bool:
        """Whether it is closed."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Event: ...
    def __exit__(self, *exception: object) -> None: ...

@final
class Registration:
    """A callback of an event, until it is closed, dropped, or its event ends. It does not keep the event.

    One that is dropped unclosed is unregistered, with a `ResourceWarning`.
    """

    def provoke_panic(self) -> None:
        """Panic in native code, for tests: the registration is fenced off.

        Raises:
            NativePanic: always, unless the handle is refused.
        """

    def close(self) -> None:
        """Take the callback off its event and let go of it: now, or when the calls of it that are under way are over.

        Closing it again does nothing.
        """

    def unregister(self) -> None:
        """The same as `close`."""

    @property
    def closed(self) -> bool:
        """Whether it is unregistered, or its event has ended."""

    @property
    def handle(self) -> int:
        """Its handle: a number that no other object has, or had."""

    def __enter__(self) -> Registration: ...
    def __exit__(self, *exception: object) -> None: ...
