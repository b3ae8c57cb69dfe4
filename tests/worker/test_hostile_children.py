"""Whatever a child does, its parent lives on, learns the right thing, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deadhand.model import history as H  # noqa: N812
from deadhand.model.history import dying_step
from deadhand.model.program import Hostile, Program, Ref, Step
from deadhand.settings import Settings
from deadhand.target.loader import load
from deadhand.worker import controller, stacks
from deadhand.worker.controller import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import SimpleNamespace

    from deadhand.model.history import History

pytestmark = pytest.mark.timeout(60)

PLAN = '''
    LIBC = ctypes.CDLL(None)

    def journal():
        for line in open("/proc/self/maps"):
            if "deadhand-journal" in line and " rw" in line:
                return tuple(int(part, 16) for part in line.split()[0].split("-"))

    class Hostile(Target):
        thing = Handle()

        @creates(thing)
        def make(self):
            return object()

        @uses
        def fine(self, thing):
            return 1

        @uses
        def run(self, thing, code=st.just("")):
            exec(code, {**globals(), "self": self, "thing": thing})
'''

FORK_AND_SLEEP = "if os.fork() == 0:\n time.sleep(1000)\n os._exit(0)"
DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
        time.sleep(1000)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    """One lane for all: each child must leave it as good as new."""
    path = tmp_path_factory.mktemp("hostile") / "plan.py"
    header = "import ctypes, os, signal, sys, threading, time\nfrom hypothesis import strategies as st\nfrom deadhand import *\n"
    path.write_text(header + textwrap.dedent(PLAN), encoding="utf-8")
    made = Lane(load(str(path))[0], "stock", Settings(hang_seconds=1.0, memory_mib=256, file_mib=4), take_hang_stacks=False)
    made.start()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_is_left(lane: Lane, processes: SimpleNamespace) -> Iterator[None]:
    """After each test only the zygote runs, its folder is empty, and it still works."""
    yield
    assert processes.wait_until(lambda: len(processes.running(lane.mark.word)) == 1), "a child left processes behind"
    assert list(Path(lane.workspace).iterdir()) == []
    assert lane.run_one(program("pass")).complete


def program(*codes: str, **options: Any) -> Program:
    """Make a thing, then run each piece of code as one step."""
    thing = {"thing": Ref("thing_1")}
    return Program((Step(do="make", out="thing_1"), *[Step(do="run", args=thing | {"code": code}, **options) for code in codes]))


def ended(history: History) -> str:
    """`complete`, or kind and name of the death."""
    assert history.complete == (history.death is None)
    return "complete" if history.death is None else f"{history.death.kind} {history.death.name}"


def outcome(history: History, step: int) -> list[Any]:
    """How a step ended."""
    return next(event for event in history.events if event[0] in (H.RETURNED, H.RAISED, H.SKIPPED) and event[1] == step)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os._exit(3)", "exit 3"),
        ("os._exit(0)", "exit 0"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("os.killpg(0, signal.SIGKILL)", "signal SIGKILL"),
        ("os.killpg(0, signal.SIGTERM)", "signal SIGTERM"),
        ("os.abort()", "signal SIGABRT"),
        ("ctypes.string_at(0)", "signal SIGSEGV"),
        ("import faulthandler; faulthandler.disable(); ctypes.string_at(0)", "signal SIGSEGV"),
        ("signal.signal(signal.SIGSEGV, signal.SIG_IGN); ctypes.string_at(0)", "signal SIGSEGV"),
        ("signal.setitimer(signal.ITIMER_REAL, .05); time.sleep(9)", "signal SIGALRM"),
        ("signal.setitimer(signal.ITIMER_PROF, .05)\nwhile True: pass", "signal SIGPROF"),
        ("os.kill(os.getpid(), signal.SIGRTMIN + 3)", "signal signal 37"),
        (
            "threading.stack_size(1 << 16); sys.setrecursionlimit(10**7)\ndef deep(): sorted([0], key=lambda _: deep())\nthread = threading.Thread(target=deep); thread.start(); thread.join()",
            "signal SIGSEGV",
        ),
        ("os.kill(os.getpid(), signal.SIGSTOP)", "hang 1 s"),
        ("LIBC.pause()", "hang 1 s"),
        ("ctypes.PyDLL(None).pause()", "hang 1 s"),
        ("while True: pass", "hang 1 s"),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(99)", "hang 1 s"),
        ("while True: os.write(1, b'garbage' * 999)", "hang 1 s"),
        ("lock = threading.Lock(); lock.acquire(); lock.acquire()", "hang 1 s"),
        ("import builtins; vars(builtins).clear()", "exit 88"),
        ("sys.modules.clear()", "complete"),
        ("os.chdir('/'); os.environ.clear(); sys.path.clear()", "complete"),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.alarm(0)", "complete"),
        ("os.closerange(0, 4096)", "complete"),
        ("[os.setpgid(0, os.getppid()) for _ in range(1)]", "complete"),
        ("threading.Thread(target=time.sleep, args=(99,)).start()", "complete"),
        ("sys.unraisablehook = sys.excepthook = threading.excepthook = None", "complete"),
        ("sys.stdout = sys.stderr = sys.stdin = None", "complete"),
        ("import gc; gc.enable(); gc.set_threshold(1); gc.callbacks.append(1)", "complete"),
    ],
)
def test_a_death_is_named(lane: Lane, code: str, expected: str) -> None:
    history = lane.run_one(program(code))
    assert ended(history) == expected
    if history.death is not None:
        assert history.open_steps() == [2] or expected == "exit 88"


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("raise SystemExit(5)", "SystemExit"),
        ("sys.exit('bye')", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("signal.raise_signal(signal.SIGINT) or time.sleep(9)", ""),
        ("bytearray(1 << 30)", "MemoryError"),
        ("[bytearray(1 << 20) for _ in range(999)]", "MemoryError"),
        ("while True: os.write(2, b'garbage' * 999)", "PermissionError"),
        ("signal.signal(signal.SIGXFSZ, signal.SIG_IGN); open('big', 'wb').write(bytes(5 << 20))", "OSError"),
        ("class Odd(Exception):\n __str__ = None\nraise Odd", "Odd"),
        ("input()", "EOFError"),
        ("[open(os.devnull) for _ in range(10**6)]\n", "OSError"),
    ],
)
def test_what_is_raised_is_an_outcome(lane: Lane, code: str, raised: str) -> None:
    if not raised:  # the default of SIGINT is restored, so that Ctrl-C in a child is a death, not an exception
        assert ended(lane.run_one(program(code))) == "signal SIGINT"
        return
    if "10**6" in code:
        code = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (5000, 5000)); kept = []\n" + code
    history = lane.run_one(program(code, "pass"))
    assert ended(history) == "complete"
    found = outcome(history, 2)
    assert found[0] == H.RAISED
    assert raised in {name.rpartition(".")[2] for name in found[2]}
    assert outcome(history, 3)[0] == H.RETURNED


def test_standard_input_is_at_its_end(lane: Lane) -> None:
    history = lane.run_one(program("assert sys.stdin.read() == '' and os.read(0, 9) == b'' and LIBC.getchar() == -1"))
    assert outcome(history, 2)[0] == H.RETURNED


def test_the_crash_names_the_line(lane: Lane) -> None:
    death = lane.run_one(program("ctypes.string_at(0)")).death
    assert death is not None
    assert "in run" in death.stderr
    assert "plan.py" in death.stderr


@pytest.mark.parametrize(
    "code",
    [
        "os.fork()",
        "[os.fork() for _ in range(3)]",
        FORK_AND_SLEEP,
        "for _ in range(20):\n " + FORK_AND_SLEEP.replace("\n", "\n "),
        "if os.fork() == 0:\n for _ in range(4): os.fork()\n time.sleep(1000)",
        DAEMON,
        DAEMON + DAEMON,
        "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)",
        "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True, env={})",
        "if os.fork() == 0: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); os.kill(os.getpid(), signal.SIGSTOP)",
    ],
    ids=["returns", "returns often", "sleeps", "bomb of 20", "tree", "daemon", "two daemons", "other program", "without mark", "stopped"],
)
def test_forks_end_with_the_child(lane: Lane, processes: SimpleNamespace, code: str) -> None:
    batch = lane.run([program(code), program("pass")])
    assert [ended(each) for each in batch.histories] == ["complete", "complete"]
    assert [event for event in batch.histories[0].events if event[0] == H.BEGIN] == [[H.BEGIN, 1, 0], [H.BEGIN, 2, 0]]
    zygote = lane.zygote_pid
    children = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
    assert children == []


def test_a_fork_of_a_thread_does_not_go_on(lane: Lane) -> None:
    history = lane.run_one(program("os.fork()", thread=1))
    assert ended(history) == "complete"
    assert sum(event[0] == H.DONE for event in history.events) == 1


def test_its_folder_is_its_own(lane: Lane, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("x")
    remove = "import shutil; root = os.getcwd(); shutil.rmtree(root); "
    for code in (
        remove + "os.chdir('/')",
        remove + f"os.symlink({str(victim)!r}, root)",
        f"os.symlink({str(victim)!r}, 'link')",
        remove + "open(root, 'w').close()",
        "os.makedirs('a/b/c'); open('a/b/c/f', 'w').close(); os.chmod('a/b/c', 0); os.chmod('a/b', 0); os.chmod('.', 0)",
        "for _ in range(1500): os.mkdir('d'); os.chdir('d')",
        "str(self.tmp_path); " + remove + "self._workspace._folder = None; open(self.tmp_path / 'x', 'w').close()",
    ):
        batch = lane.run([program(code), program("open(self.tmp_path / 'x', 'x').close()")])
        assert [ended(each) for each in batch.histories] == ["complete", "complete"]
        assert outcome(batch.histories[0], 2)[0] == H.RETURNED, code
        assert outcome(batch.histories[1], 2)[0] == H.RETURNED, code
        assert list(Path(lane.workspace).iterdir()) == []
        assert not Path(lane.workspace).is_symlink()
    assert [path.name for path in victim.iterdir()] == ["precious"]


def test_the_folder_may_be_gone_when_the_next_child_starts(lane: Lane) -> None:
    lane.run_one(program("import shutil; shutil.rmtree(os.getcwd())"))
    history = lane.run_one(program("assert os.getcwd() == os.environ['HOME'] == os.environ['TMPDIR']"))
    assert outcome(history, 2)[0] == H.RETURNED


@pytest.mark.parametrize("how", ["0", "255", "None"])
def test_a_scribbled_journal_is_told(lane: Lane, how: str) -> None:
    fill = "os.urandom(size)" if how == "None" else f"bytes([{how}]) * size"
    history = lane.run_one(program(f"start, end = journal(); size = end - start; ctypes.memmove(start, {fill}, size)", "pass"))
    assert history.damage is not None or history.death is not None
    assert not history.complete
    assert ended(history) in ("exit 88", "exit 0", "signal SIGSEGV")


def test_forged_records_are_damage_not_history(lane: Lane) -> None:
    forge = """
import msgspec
frame = sys._getframe()
while frame.f_code.co_name != "run_batch":
    frame = frame.f_back
append = frame.f_locals["journal"].append
for forged in (["B"], ["B", "x", 0], ["X", 2, [], "", False], ["X", 2, [1], "", False], ["P", 7], ["?", 1], 5, {"a": 1}, []):
    append(msgspec.msgpack.encode(forged))
append(b"no message")
"""
    history = lane.run_one(program(forge))
    assert history.damage == "a record is not what the child wrote"
    assert ended(history) == "complete"
    assert [event[0] for event in history.events] == list("FFBRBRFFFD")


def test_a_flood_of_lost_exceptions_does_not_fill_the_journal(lane: Lane) -> None:
    code = "class Bad:\n def __del__(self): raise ValueError('x' * 999)\nfor _ in range(100_000): Bad()"
    history = lane.run_one(program(code))
    assert ended(history) == "complete"
    assert 1 <= sum(event[0] == H.LOST for event in history.events) <= 50


def test_a_child_may_take_its_zygote_with_it(lane: Lane, processes: SimpleNamespace) -> None:
    word, zygote = lane.mark.word, lane.zygote_pid
    code = DAEMON + "os.kill(os.getppid(), signal.SIGKILL); time.sleep(99)"
    batch = lane.run([program("pass"), program(code), program("pass")])
    assert ended(batch.histories[0]) == "complete"
    assert ended(batch.histories[1]) == "signal SIGKILL"
    assert batch.histories[1].open_steps() == [2]
    assert len(batch.unrun) == 1
    assert lane.zygote_pid != zygote
    assert processes.wait_until(lambda: not processes.running(word)), "the daemon outlived its zygote"


def test_a_stopped_zygote_is_replaced(lane: Lane, monkeypatch: pytest.MonkeyPatch, processes: SimpleNamespace) -> None:
    monkeypatch.setattr(controller, "_GRACE", 0.3)
    monkeypatch.setattr(controller, "_CLEANING", 0.3)
    for code, expected in (("", "complete"), ("\nos._exit(3)", "signal SIGKILL"), ("\ntime.sleep(99)", "hang 1 s")):
        word = lane.mark.word
        history = lane.run_one(program(DAEMON + "os.kill(os.getppid(), signal.SIGSTOP)" + code))
        assert ended(history) == expected
        assert processes.wait_until(lambda word=word: not processes.running(word))


def test_a_zygote_that_takes_long_to_clean_up_is_no_hang(lane: Lane) -> None:
    wake = threading.Timer(2.5, os.kill, (lane.zygote_pid, signal.SIGCONT))
    wake.start()
    history = lane.run_one(program("os.kill(os.getppid(), signal.SIGSTOP); os._exit(3)"))
    wake.join()
    assert ended(history) == "exit 3"


def test_a_zygote_killed_between_two_children_is_replaced(lane: Lane) -> None:
    os.kill(lane.zygote_pid, 9)
    assert ended(lane.run_one(program("pass"))) == "complete"


def test_only_the_guilty_program_of_a_batch_dies(lane: Lane) -> None:
    batch = lane.run([program("pass"), program("os._exit(3)"), program("pass"), program("pass")])
    assert [ended(each) for each in batch.histories] == ["complete", "exit 3"]
    assert len(batch.unrun) == 2


def test_many_programs_leave_no_descriptor_open(lane: Lane) -> None:
    def count() -> int:
        return sum(1 for of in ("self", lane.zygote_pid) for _ in Path(f"/proc/{of}/fd").iterdir())

    lane.run_one(program("pass"))
    before = count()
    for _ in range(20):
        lane.run_one(program("os._exit(1)"))
    assert count() == before


def forked(*codes: str, leave: str = "at once") -> Program:
    """Make a thing, then fork; the child runs each piece of code as one step."""
    body = tuple(Step(do="run", args={"thing": Ref("thing_1"), "code": code}) for code in codes)
    inside = Hostile(protocol="steps", body=body) if body else None
    return Program((Step(do="make", out="thing_1"), Step(do="@fork", args={"inside": inside, "leave": leave}), Step(do="fine", args={"thing": Ref("thing_1")})))


@pytest.mark.parametrize("leave", ["at once", "exit"])
def test_a_forked_child_writes_its_history_and_leaves(lane: Lane, leave: str) -> None:
    history = lane.run_one(forked("assert os.getpgid(0) == os.getppid()", "raise KeyError", leave=leave))
    assert ended(history) == "complete"
    assert [event[1] for event in history.events if event[0] == H.BEGIN] == [1, 2, 3, 4, 5]
    assert outcome(history, 3)[0] == H.RETURNED
    assert outcome(history, 4)[2][0] == "builtins.KeyError"
    assert ([H.PHASE, H.FORK_EXIT] in history.events) == (leave == "exit")
    assert history.phase() == "collect"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("ctypes.string_at(0)", "signal SIGSEGV"), ("os.abort()", "signal SIGABRT"), ("os._exit(3)", "exit 3"), ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"), ("time.sleep(99)", "hang 1 s")],
)
def test_a_forked_child_that_ends_badly_takes_its_parent_along(lane: Lane, code: str, expected: str) -> None:
    history = lane.run_one(forked(code))
    assert ended(history) == expected
    assert history.open_steps() == [2, 3]
    assert dying_step(history) == 3


@pytest.mark.parametrize("code", ["atexit.register(ctypes.string_at, 0)", "atexit.register(time.sleep, 99)"])
def test_a_forked_child_may_end_badly_at_its_exit(lane: Lane, code: str) -> None:
    history = lane.run_one(forked(f"import atexit; {code}", leave="exit"))
    assert ended(history) == ("hang 1 s" if "sleep" in code else "signal SIGSEGV")
    assert history.open_steps() == [2]
    assert history.phase() == H.FORK_EXIT


def test_the_processes_that_a_child_forked_are_known() -> None:
    first = subprocess.Popen([sys.executable, "-c", "import os, time; os.fork() or os.fork(); time.sleep(60)"], start_new_session=True)
    try:
        while len(found := stacks.forked(first.pid)) < 2:
            time.sleep(0.01)
        assert first.pid not in found
        assert stacks.forked(found[0]) == []
        assert stacks.forked(found[1]) == [found[0]]
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def test_a_second_interpreter_knows_its_own_handles_only(lane: Lane) -> None:
    code = "import sys; assert len(sys.modules['deadhand'].__all__) > 9; self.mine = thing"
    body = (
        Step(do="make", out="thing_2"),
        Step(do="run", args={"thing": Ref("thing_2"), "code": code}),
        Step(do="run", args={"thing": Ref("thing_1"), "code": "pass"}),
        Step(do="run", args={"thing": Ref("thing_2"), "code": "raise KeyError('there')"}),
    )
    history = lane.run_one(Program((Step(do="make", out="thing_1"), Step(do="@subinterpreter", args={"inside": Hostile(protocol="steps", body=body)}), Step(do="fine", args={"thing": Ref("thing_1")}))))
    assert ended(history) == "complete"
    assert [outcome(history, number)[0] for number in range(1, 8)] == [H.RETURNED, H.RETURNED, H.RETURNED, H.RETURNED, H.SKIPPED, H.RAISED, H.RETURNED]
    assert outcome(history, 6)[2:4] == [["builtins.KeyError", "builtins.LookupError", "builtins.Exception", "builtins.BaseException"], "'there'"]


def test_a_second_interpreter_that_crashes_is_a_death(lane: Lane) -> None:
    body = (Step(do="make", out="thing_2"), Step(do="run", args={"thing": Ref("thing_2"), "code": "ctypes.string_at(0)"}))
    history = lane.run_one(Program((Step(do="@subinterpreter", args={"inside": Hostile(protocol="steps", body=body)}),)))
    assert ended(history) == "signal SIGSEGV"
    assert dying_step(history) == 3


def test_a_second_interpreter_is_torn_down_and_not_ended_under_its_threads(lane: Lane) -> None:
    """An interpreter waits for its threads: without the plan's teardown it would do so for ever."""
    waits = "over = threading.Event(); threading.Thread(target=over.wait).start(); self.teardown = over.set"
    body = (Step(do="make", out="thing_2"), Step(do="run", args={"thing": Ref("thing_2"), "code": waits}))
    history = lane.run_one(Program((Step(do="@subinterpreter", args={"inside": Hostile(protocol="steps", body=body)}), Step(do="make", out="thing_1"))))
    assert ended(history) == "complete"
