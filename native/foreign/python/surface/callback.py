"""Events and registrations. Native calls thunks that live as long as the process; they find the callable by its number."""

from __future__ import annotations

import itertools
import types
import weakref
from typing import Any

from . import errors
from ._low import callback, function, pointer
from .arguments import wrong_type
from .exits import Calling
from .kept import NOTHING, RELEASE, Shelf, find, keep_beside
from .owned import Owned

_new = function("event_new", "", "h")
_register = function("event_register", "hfpf", "h")
_register_weak = function("event_register_weak", "hfpffi", "h")
_fire = function("event_fire", "hpf", "F")
_count = function("event_count", "h", "n")
_clear = function("event_clear", "h", "n")
_event_close = function("event_close", "h")
_unregister = function("registration_close", "h")
_POLICIES = {"error": 0, "skip": 1, "unregister": 2}
_numbers = itertools.count(1)
_fires: dict[int, _Fire] = {}


class _Fire:
    """One fire, while it is under way: what it calls with, and what came of it."""

    def __init__(self, args: tuple[object, ...]) -> None:
        self.args = args
        self.answers: list[Any] = []
        self.failures: list[tuple[int, Exception]] = []
        self.raised: dict[int, Exception] = {}
        self.interrupted: BaseException | None = None

    def call(self, registration: int, target: Any) -> int:
        """Call one; 0 if it answered."""
        if self.interrupted is not None:
            return 1
        try:
            self.answers.append(target(*self.args))
        except RecursionError as error:
            self.interrupted = error  # if every level went on with its next one, two would make 2**64 calls
        except Exception as error:  # noqa: BLE001  whatever it is, it is told after the others were called
            self.raised[registration] = error
        except BaseException as error:  # noqa: BLE001  no answer of a callback: Ctrl-C and the like
            self.interrupted = error
        else:
            return 0
        return 1

    def failed(self, registration: int, why: int, message: str) -> None:
        """Note why one failed."""
        error = self.raised.pop(registration, None) or errors.BY_STATUS.get(why, errors.HandleError)(message)
        self.failures.append((registration, error))


def _call(user: int, registration: int, argument: int, fires: Any = _fires, find: Any = find, nothing: Any = NOTHING) -> int:
    fire, target = fires.get(argument), find(user)
    return 1 if fire is None or target is nothing else fire.call(registration, target)


def _failed(argument: int, registration: int, why: int, message: str, fires: Any = _fires) -> None:
    fire = fires.get(argument)
    if fire is not None:
        fire.failed(registration, why, message)


def _upgrade(user: int) -> int:
    reference = find(user)
    target = None if reference is NOTHING else reference()
    return 0 if target is None else keep_beside(user, target)


_CALL, _FAILED, _UPGRADE = callback("call", _call), callback("failed", _failed), callback("upgrade", _upgrade)


class Event(Owned):
    """A list of callbacks, called in the order in which they were registered. Any number of threads may use it at once."""

    __slots__ = ("_kept",)

    def __new__(cls) -> Event:
        self = cls._of(_new())
        self._kept = Shelf()
        return self

    def register(self, callback: Any, *, weak: bool = False, on_dead: str | None = None) -> Registration:
        """Put `callback` at the end of the list. With `weak` it is not kept alive; `on_dead` says what is done then."""
        policy = 0 if on_dead is None else _policy(on_dead)
        if not callable(callback):
            raise wrong_type(callback, "callback", "callable", "pass a function or a method")
        if not weak:
            number = pointer(self._kept.keep(callback))
            with Calling():
                return Registration._of(_register(self._handle, _CALL, number, RELEASE))
        number = pointer(self._kept.keep(_reference(callback)))
        with Calling():
            return Registration._of(_register_weak(self._handle, _CALL, number, _UPGRADE, RELEASE, policy))

    def fire(self, *args: object) -> list[Any]:
        """Call everything that is registered now and return the answers; raise `CallbackFailed` after that if any failed."""
        fire, number = _Fire(args), next(_numbers)
        with Calling():
            _fires[number] = fire
            try:
                _fire(self._handle, pointer(number), _FAILED)
            finally:
                del _fires[number]
        # An exception holds the frames that it came through, and they hold the fire: it must not hold the exception.
        interrupted, failures, fire.interrupted, fire.failures = fire.interrupted, fire.failures, None, []
        if interrupted is not None:
            raise interrupted
        if failures:
            raise _outcome(fire.answers, failures)
        return fire.answers

    def count(self) -> int:
        """Return how many callbacks are registered."""
        return _count(self._handle)

    def clear(self) -> int:
        """Unregister everything and return how many that were."""
        with Calling():
            return _clear(self._handle)

    def close(self) -> None:
        """Close it and unregister everything. A callback that runs ends first; later ones are not called."""
        with Calling():
            _event_close(self._handle)


class Registration(Owned):
    """A callback of an event, until it is closed, dropped, or its event ends. It does not keep the event."""

    __slots__ = ()
    _how = "use event.register()"

    def close(self) -> None:
        """Take the callback off its event and let go of it: now, or when the calls of it that are under way are over."""
        with Calling():
            _unregister(self._handle)

    unregister = close


def _policy(name: object) -> int:
    remedy = "pass 'error', 'skip' or 'unregister'"
    if not isinstance(name, str):
        raise wrong_type(name, "on_dead", "a str", remedy)
    number = _POLICIES.get(str.__str__(name))
    if number is None:
        message = f"on_dead is no policy: {remedy}"
        raise ValueError(message)
    return number


def _reference(target: Any) -> Any:
    try:
        return (weakref.WeakMethod if type(target) is types.MethodType else weakref.ref)(target)
    except TypeError:
        raise wrong_type(target, "callback", "weakly referable", "pass weak=False, or wrap it") from None


def _outcome(answers: list[Any], failures: list[tuple[int, Exception]]) -> errors.CallbackFailed:
    failed = len(failures)
    text = f"{failed} of {failed + len(answers)} callbacks failed, all were called: see `failures`; the first is the cause"
    error = errors.CallbackFailed(text)
    error.answers, error.failures = answers, failures
    error.__cause__ = failures[0][1]
    return error
