"""The fixed parts of an exported script, by the name by which its steps use them. Standard library only, Python 3.10 on."""

from __future__ import annotations

import ast
import inspect

from deadhand.worker import flight

PARTS: dict[str, str] = {
    "problems": "problems = []  # what was wrong",
    "returned": "returned = set()  # numbers of the steps that returned",
    "answers": "answers = {}  # what was read, by the step; (step, end): what it would have read before the step `end`",
    "knots": "knots = {}  # what an object given to a step holds, by the step",
    "kept": "kept = []  # what @pressure and @shortage made",
    "watched": "watched = []  # (what, weak reference): must be dead at the end",
    "wrong": '''
def wrong(message, word="WRONG"):
    print(f"{word}: {message}", flush=True)
    problems.append(message)
''',
    "step": '''
class step:
    """One step. What it raises is shown, and the script goes on, as a program with `try` around each call would."""

    leaving = False  # a forked child is on its way out of the interpreter

    def __init__(self, number, stress=False, quiet=False):
        self.number = number
        self.stress = stress
        self.quiet = quiet  # in a race, printing would decide who wins

    def __enter__(self):
        if not self.quiet:
            print(f"step {self.number}", flush=True)
        self.before = set(returned)
        if self.stress:  # the collector runs at every allocation
            gc.set_threshold(1, 1, 1)
            gc.enable()

    def __exit__(self, kind, error, traceback):
        if self.leaving:
            return False
        if error is None or kind is NothingMade:
            returned.add(self.number)
            judge(self.number, None, self.before)
        elif kind is NameError and error.name in HANDLES:
            print(f"step {self.number} is left out: there is no {error.name}", flush=True)
        else:
            print(f"step {self.number} raised {kind.__name__}: {str(error)[:200]}", flush=True)
            judge(self.number, error, self.before)
        if self.stress:
            gc.disable()
            gc.set_threshold(700, 10, 10)
        return True
''',
    "NothingMade": '''
class NothingMade(Exception):
    """The call returned None instead of a handle."""
''',
    "judge": '''
def judge(number, error, before):
    """What is wrong with the way a step ended; `before`: the steps that had returned when it began."""
    bases = [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__]
    if error is not None and any(name == "builtins.SystemError" or name.endswith(".PanicException") for name in bases):
        wrong(f"step {number} raised {type(error).__name__}, which must never come out of a call: {error}")
    if isinstance(error, AssertionError):
        last = error.__traceback__
        while last.tb_next is not None:
            last = last.tb_next
        if last.tb_frame.f_code.co_filename == judge.__code__.co_filename:
            wrong(f"an assertion failed in step {number}: {error}")
    if number in REFUSED and error is not None and "borrowed" in str(error).lower():
        wrong(f"step {number} was refused a handle that it may use: {error}")
    for since, why, must_raise, names in CONTRACT.get(number, ()):
        if since and since not in before:
            continue
        if error is None and must_raise:
            wrong(f"step {number} returned although {why}")
        elif error is not None and names and not set(names) & set(bases) and bases[0] not in ARGUMENT_ERRORS and not isinstance(error, Raised):
            wrong(f"step {number} raised {bases[0]} ({error}) and {why}")
        return
''',
    "ARGUMENT_ERRORS": 'ARGUMENT_ERRORS = tuple(f"builtins.{name}" for name in ("TypeError", "ValueError", "OverflowError", "MemoryError", "RecursionError"))',
    "Raised": '''
class Raised(RuntimeError):
    """What a callback raises when the program says that it raises."""
''',
    "lost": '''
def lost(args):
    """An exception that nobody could catch."""
    if args.exc_type is not SystemExit:
        wrong(f"an exception was lost: {args.exc_type.__name__}: {args.exc_value}")
''',
    "new": '''
def new(handle):
    """A new handle. deadhand asks each for a buffer, to know whether it lends out memory; so does this script."""
    if handle is None:
        raise NothingMade
    try:
        memoryview(handle).release()
    except (TypeError, BufferError, ValueError):
        pass
    return handle
''',
    "watch": '''
def watch(what, value):
    """Remember `value` by a weak reference: once everything is dropped and collected it must be dead."""
    try:
        if not isinstance(value, type):
            watched.append((what, weakref.ref(value)))
    except TypeError:  # a subclass of bytes: watch what only it holds
        if isinstance(getattr(value, "__dict__", {}).get("fire"), Fire):
            watched.append((what, weakref.ref(value.fire)))
    return value
''',
    "Fire": '''
class Fire:
    """Runs `inside` at call number `at` of the value it belongs to, once; or, if `dying`, when that value dies."""

    armed = True  # until everything is dropped
    over = False  # once everything is collected

    def __init__(self, inside=None, at=1, raises=False, keep=None, dying=False):
        self.inside, self.at, self.raises, self.keep, self.dying = inside, at, raises, keep, dying
        self.calls = 0
        self.done = False

    def __call__(self, given):
        self.calls += 1
        if Fire.armed and not self.done and self.calls == self.at and not self.dying:
            self.run(given)

    def run(self, given):
        self.done = True
        if self.keep is not None and given:
            globals()[self.keep] = given[0]
        if self.inside is not None:
            self.inside()
        if self.raises:
            raise Raised("raised by the program, in the middle of the call")

    def finalize(self):
        if self.dying and not self.done and not Fire.over:
            self.run(())
''',
    "mortal": '''
def mortal(cls):
    """`cls` with a finalizer that runs the steps."""
    return type(cls.__name__, (cls,), {"__del__": lambda self: self.fire.finalize()})
''',
    "holding": '''
def holding(value, *names):
    """`value`, now holding the handles of those names: if the library holds it, a cycle."""
    value.held = [globals()[name] for name in names if name in globals()]
    return value
''',
    "holding_made": '''
def holding_made(number, value):
    """`value`, which will hold what step `number` makes as well."""
    knots.setdefault(number, []).append(value.held)
    return value
''',
    "tie": '''
def tie(number, made):
    """`made`, now held by what it was made with in step `number`."""
    for held in knots.pop(number, ()):
        held.append(made)
    return made
''',
    "Knot": '''
class Knot:
    """Holds itself and handles: only the collector can free them."""

    def __init__(self, handles):
        self.handles = handles
        self.me = self
''',
    "Phoenix": '''
class Phoenix:
    """Garbage in a cycle of its own, with handles; as it dies it gives them back."""

    def __init__(self, handles):
        self.handles = handles
        self.me = self

    def __del__(self):
        globals().update(self.handles)
''',
    "resurrect": '''
def resurrect(*names):
    """Leave the handles of those names to the collector, which finalizes them, with something that gives them back as it dies itself."""
    Phoenix({name: globals().pop(name) for name in names})
    gc.collect()
''',
    "fork": '''
def fork(inside, real_exit, patience=0):
    """Fork: the child does `inside` and leaves; this process waits for it, and ends as it did if it did not end well."""
    pid = os.fork()
    if not pid:
        if patience:
            faulthandler.register(signal.SIGALRM, chain=True)  # the watchdog's thread is not in this process
            signal.alarm(patience)
        if inside is not None:
            inside()
        if problems:
            os._exit(1)
        if real_exit:
            print("the child exits", flush=True)
            gc.unfreeze()
            gc.enable()
            step.leaving = True
            sys.exit(0)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        faulthandler.disable()
        with contextlib.suppress(OSError):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    if status:
        os._exit(os.WEXITSTATUS(status))
''',
    "in_second_interpreter": '''
def in_second_interpreter(text, setup=False, teardown=False):
    """A second interpreter of this process runs this file as far as it is no program, then `text`, and is ended."""
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    head = pathlib.Path(__file__).read_text(encoding="utf-8").partition("\\n# --- The program")[0]
    begin = "plan = Plan()\\n" + ("plan.setup()\\n" if setup else "")
    end = ("\\nplan.teardown()" if teardown else "") + "\\nif problems:\\n    os._exit(1)\\n"
    if interpreters.__name__ == "_interpreters":
        second, run = interpreters.create("legacy"), interpreters.exec
    else:
        run = interpreters.run_string
        try:
            second = interpreters.create(isolated=False)
        except TypeError:
            second = interpreters.create()
    try:
        print("second interpreter:", run(second, f"{head}\\n{begin}{text}\\n{end}") or "came to its end", flush=True)
    except Exception as error:
        print(f"second interpreter: {error}", flush=True)
    interpreters.destroy(second)
''',
    "fresh": '''
def fresh(constant):
    """A copy that nobody else holds: a constant in the code would live as long as the code."""
    return bytes(bytearray(constant))
''',
    "finish": '''
def finish(coroutine):
    """Run an `async def` operation to its end, in a loop of its own, also inside a callback of another one."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return asyncio.run(coroutine)
    finally:
        asyncio._set_running_loop(outer)
''',
    "finish_flight": '''
def finish_flight(awaitable, flight="", pause=1):
    """Await it in a loop of its own; `flight` says how it ends before its time, at the await number `pause`."""

    def touched(what):
        wrong(f"{what} of the event loop was called on another thread than the loop's own")

    def lost_there(where, error):
        wrong(f"an exception was lost: {type(error).__name__}: {error} ({where})")

    return fly(awaitable, flight, pause, touched, lost_there)
''',
    "settle": '''
def settle(balanced):
    """Native code may be about to give back what it holds: it gets time for that."""
    for _ in range(50):
        if balanced():
            return
        time.sleep(0.002)
        gc.collect()
''',
    "in_use": '''
def in_use():
    """Bytes: what malloc gave out (glibc 2.33 or newer), and roughly what Python's own allocator did."""

    class MallInfo(ctypes.Structure):
        _fields_ = [(f"field_{number}", ctypes.c_size_t) for number in range(10)]

    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = MallInfo
    found = mallinfo()
    return found.field_4 + found.field_7 + sys.getallocatedblocks() * 16
''',
    "flood": '''
def flood(call, limit, **args):
    """Call so often, and 2, 4 and 8 times as often in all, or let time pass; in each stretch the bytes in use must not grow with it."""
    calls, seen = 0, []
    for times in (1, 2, 4, 8):
        if call is None:
            time.sleep(0.02 * times)
        while call is not None and calls < limit * times:
            result = call(**args)
            result = FINISHED
            del result
            calls += 1
        gc.collect()
        seen.append(in_use())
    added = [after - before for before, after in zip(seen, seen[1:])]
    if all(more >= 4 * max(limit, 16) << at for at, more in enumerate(added)):
        wrong(f"nothing limits what piles up: {sum(added)} bytes more are in use")
''',
    "lend": '''
def lend(call, names, **args):
    """Call; then overwrite and drop the buffers of those names, which were only lent."""
    try:
        result = call(**args)
        return FINISHED
    finally:
        for name in names:
            lent = args.pop(name)
            buffer = lent if isinstance(lent, bytearray) else getattr(lent, "__dict__", {}).get("value")
            if isinstance(buffer, bytearray):
                bytearray.__setitem__(buffer, slice(None), b"\\x5a" * bytearray.__len__(buffer))
                with contextlib.suppress(BufferError):  # a view of it is still out: it keeps its size
                    bytearray.clear(buffer)
        args.clear()
''',
    "pressure": '''
def pressure(times, call, **args):
    """Make many, and keep them."""
    for _ in range(times):
        kept.append(call(**args))
''',
    "run_short": '''
def run_short(first, times, call, **args):
    """Call while one allocation fails: the first, then the next. What one interpreter allocates is not quite what another does: a few more on both sides."""
    from _testcapi import remove_mem_hooks, set_nomemory  # of CPython's own tests; some systems pack it apart

    for nth in range(max(first - 3, 1), first + times + 3):
        error = made = None
        set_nomemory(nth - 1, nth)
        try:
            made = call(**args)
        except BaseException as raised:
            error = raised
        remove_mem_hooks()
        if isinstance(error, (SystemError, AssertionError)) or not isinstance(error, (Exception, type(None))):
            raise error
        kept.append(made)
''',
    "reinitialise": '''
def reinitialise(handle, function, build):
    """Run `__init__` on `handle` again, with what the operation that made it gives to the class."""
    kind, ran = type(handle), []

    def again(*args, **named):
        ran.append(True)
        kind.__init__(handle, *args, **named)
        return handle

    swapped = dict(function.__globals__)
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if value is kind:
            swapped[name] = again
        elif isinstance(value, types.ModuleType) and any(each is kind for each in vars(value).values()):
            contents = {key: again if each is kind else each for key, each in vars(value).items()}
            swapped[name] = types.SimpleNamespace(**contents)
    twin = types.FunctionType(function.__code__, swapped, function.__name__, function.__defaults__, function.__closure__)
    twin(plan, **build())
    if not ran:
        handle.__init__()
''',
    "show": '''
def show(value):
    """Type and content of an answer, to compare by."""
    try:
        return f"{type(value).__name__} {memoryview(value).tobytes()!r}"
    except (TypeError, BufferError, ValueError):
        pass
    try:
        return f"{type(value).__name__} {value!r}"
    except Exception as error:
        return f"{type(value).__name__} whose repr raised {type(error).__name__}"
''',
    "compare": '''
def compare(number, end, what):
    """A read after the end of a life must give the answer that it would have given just before."""
    now, before = answers.get(number), answers.get((number, end))
    if end in returned and None not in (now, before) and now != before:
        wrong(f"step {number} read {now[:160]} from {what}; just before step {end} ended it, the answer was {before[:160]}")
''',
    "same": '''
def same(earlier, number, what):
    """One handle is always the same object."""
    if earlier in answers and number in answers and answers[earlier] != answers[number]:
        wrong(f"step {number} says {what} is {answers[number][:160]}; step {earlier} said it was {answers[earlier][:160]}")
''',
    "differ": '''
def differ(earlier, number, what):
    """Two live handles are never the same object."""
    if earlier in answers and number in answers and answers[earlier] == answers[number]:
        wrong(f"step {number} says {what} is {answers[number][:160]}, which is what step {earlier} said of another, still alive")
''',
    "unfilled": '''
def unfilled(number, fill, value):
    """`value`, after a look whether it holds the byte that freed memory is filled with."""
    if shows_fill(value, fill):
        wrong(f"the result of step {number} holds 0x{fill:02X}, which freed memory is filled with")
    return value
''',
    "Thread": '''
class Thread:
    """A thread that runs steps one at a time and waits in between."""

    def __init__(self):
        self.work = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def start(self, steps, barrier=None):
        done = threading.Event()
        self.work.put((steps, barrier, done))
        return done

    def run(self, steps):
        self.start(steps).wait()

    def end(self):
        self.work.put(None)
        self.thread.join()

    def serve(self):
        while (work := self.work.get()) is not None:
            steps, barrier, done = work
            if barrier is not None:
                barrier.wait()
            steps()
            work = steps = None
            done.set()
''',
    "together": '''
def together(*calls):
    """Start all at once, each on its thread (None: this one), and wait for all; those of one thread run in turn."""
    barrier = threading.Barrier(len({thread for thread, _ in calls}))
    started, waiting, here = set(), [], []
    for thread, steps in calls:
        if thread is None:
            here.append(steps)
        else:
            waiting.append(thread.start(steps, None if thread in started else barrier))
            started.add(thread)
    if here:
        barrier.wait()
    for steps in here:
        steps()
    for done in waiting:
        done.wait()
''',
    "let_go": '''
def let_go():
    """Drop every handle, the newest first."""
    while left := [name for name in globals() if name in HANDLES]:
        del globals()[left[-1]]
''',
}
"""In the order in which they are written."""


def _flight_parts() -> dict[str, str]:
    """worker/flight.py, name by name, without annotations."""
    found = {}
    for node in ast.parse(inspect.getsource(flight)).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for each in ast.walk(node):
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    each.returns = None
                    for parameter in (*each.args.args, *each.args.kwonlyargs, *filter(None, (each.args.vararg, each.args.kwarg))):
                        parameter.annotation = None
            found[node.name] = f"\n{ast.unparse(node)}\n"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.unparse(node)
    return found


PARTS.update(_flight_parts())

BASE = {
    "nonce": "_nonces = itertools.count(1)\n\ndef nonce(self):\n    return next(self._nonces)",
    "tmp_path": "_folder = None\n\n@property\ndef tmp_path(self):\n    if self._folder is None:\n        self._folder = pathlib.Path(tempfile.mkdtemp())\n    return self._folder",
    "module": "module = sys.modules[__name__]",
}
"""What a plan may use of deadhand.Target."""

MODULES = (
    "asyncio", "contextlib", "copy", "ctypes", "faulthandler", "gc", "inspect", "itertools", "os", "pathlib", "queue", "signal", "sys", "tempfile", "threading", "time", "types", "weakref",
)  # fmt: skip
"""Modules that the parts and the steps may use; a script imports those it does."""
