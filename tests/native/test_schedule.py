"""The scheduler: schedules of native code and the GIL, in children of their own.

Every child makes its regions as the harness does: threads of a crew enter, run steps, and leave.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from deadhand import _native
from deadhand.model.status import DEADLOCK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only (2026-11-27)")

DEADLINE_SECONDS = 60
CRASH = -11

VICTIM = r"""
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static int ready;

/* The caller has checked that the page is there; called without the GIL, it may be gone by now. */
char *page_new(void) { return mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
int page_use(char *page) { return *(volatile char *)page; }
void page_free(char *page) { munmap(page, 4096); }

int use_locked(void) { pthread_mutex_lock(&lock); pthread_mutex_unlock(&lock); return 0; }
void call_locked(void (*callback)(void)) { pthread_mutex_lock(&lock); callback(); pthread_mutex_unlock(&lock); }

void one_two(void) { pthread_mutex_lock(&lock); pthread_mutex_lock(&other); pthread_mutex_unlock(&other); pthread_mutex_unlock(&lock); }
void two_one(void) { pthread_mutex_lock(&other); pthread_mutex_lock(&lock); pthread_mutex_unlock(&lock); pthread_mutex_unlock(&other); }
void upgrade(void) { pthread_rwlock_rdlock(&shared); pthread_rwlock_wrlock(&shared); }
void read_briefly(void) { pthread_rwlock_rdlock(&shared); pthread_rwlock_unlock(&shared); }

void wait_ready(void) { if (!ready) { pthread_mutex_lock(&lock); pthread_cond_wait(&changed, &lock); pthread_mutex_unlock(&lock); } }
void set_ready(void) { pthread_mutex_lock(&lock); ready = 1; pthread_cond_signal(&changed); pthread_mutex_unlock(&lock); }
void wait_right(void) { pthread_mutex_lock(&lock); while (!ready) pthread_cond_wait(&changed, &lock); pthread_mutex_unlock(&lock); }

void reset(void) { ready = 0; }
void hold(void) { pthread_mutex_lock(&lock); }
void spin(void) { while (pthread_mutex_trylock(&lock)) sched_yield(); }

/* A pool of one thread, started when first needed, as libraries do. */
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static int jobs, answers, started;
static void *serve(void *unused) {
    for (;;) {
        pthread_mutex_lock(&queue);
        while (!jobs) pthread_cond_wait(&work, &queue);
        jobs--; answers++;
        pthread_cond_broadcast(&done);
        pthread_mutex_unlock(&queue);
    }
    return unused;
}
void pool_run(void) {
    pthread_t thread;
    pthread_mutex_lock(&queue);
    if (!started++) { pthread_create(&thread, 0, serve, 0); pthread_detach(thread); }
    int before = answers;
    jobs++;
    pthread_cond_signal(&work);
    while (answers == before) pthread_cond_wait(&done, &queue);
    pthread_mutex_unlock(&queue);
}
"""

PRELUDE = """
import ctypes, json, os, queue, signal, sys, threading, time
from deadhand import _native

journal = _native.Journal.attach({fd})
scheduler = _native.Scheduler.arm(journal)
native = ctypes.CDLL({victim!r})
with_gil = ctypes.PyDLL({victim!r})
native.page_new.restype = ctypes.c_void_p
for each in (native.page_use, native.page_free):
    each.argtypes = [ctypes.c_void_p]
crew = {{}}

def serve(calls):
    while True:
        work, done = calls.get()
        try:
            work()
        finally:
            done.set()

def region(*steps, threads=None, policy="default", seed=0, depth=2, length=8, switches=(), budget=5000):
    threads = list(range(1, len(steps) + 1)) if threads is None else threads
    this = scheduler.region(number=0, threads=threads, policy=policy, seed=seed, depth=depth, length=length,
                            switches=switches, budget=budget)
    def part(number, step):
        def work():
            this.enter(number)
            try:
                this.step(number)
                step()
            finally:
                this.leave(number)
        return work
    parts = dict(zip(threads, map(part, threads, steps)))
    waiting = []
    for number, work in parts.items():
        if number:
            if number not in crew:
                crew[number] = queue.SimpleQueue()
                threading.Thread(target=serve, args=(crew[number],), daemon=True).start()
            waiting.append(threading.Event())
            crew[number].put((work, waiting[-1]))
    if 0 in parts:
        parts[0]()
    for each in waiting:
        each.wait()
    return this.report()

class Page:
    def __init__(self):
        self.page = native.page_new()
    def use(self):
        page = self.page
        if page is not None:
            native.page_use(page)
    def close(self):
        page, self.page = self.page, None
        if page is not None:
            native.page_free(page)

def show(value):
    print(json.dumps(value), flush=True)
"""


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler to build the victim with (2026-11-27)")
    folder = tmp_path_factory.mktemp("victim")
    source = folder / "victim.c"
    source.write_text(VICTIM, encoding="utf-8")
    library = folder / "victim.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-pthread", "-o", library, source], check=True)
    return library


class Ended:
    """What a child left behind."""

    def __init__(self, status: int, said: list[Any], records: list[list[Any]]) -> None:
        self.status, self.said, self.records = status, said, records

    @property
    def stuck(self) -> list[Any]:
        assert self.status == DEADLOCK, (self.status, self.said)
        assert self.records[-1][0] == "G"
        return self.records[-1]

    @property
    def switches(self) -> list[tuple[int, int]]:
        return [(record[2], record[3]) for record in self.records if record[0] == "C"]


@pytest.fixture
def child(victim: Path) -> Callable[..., Ended]:
    """Run code in a fresh interpreter: `child("show(region(a, b))")`."""

    def run(code: str, status: int | None = 0) -> Ended:
        journal = _native.Journal.create(1 << 20)
        program = PRELUDE.format(fd=journal.fileno(), victim=str(victim)) + textwrap.dedent(code)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=DEADLINE_SECONDS, pass_fds=[journal.fileno()]
        )
        records, _, damage = journal.read()
        assert damage is None
        decoded = [msgspec.msgpack.decode(record) for record in records]
        if status is not None:
            assert done.returncode == status, (done.stdout, done.stderr, decoded[-1:])
        return Ended(done.returncode, [msgspec.json.decode(line) for line in done.stdout.splitlines()], decoded)

    return run


def test_arming_says_what_it_did_and_disarming_undoes_it(child: Callable[..., Ended]) -> None:
    said = child("""
        show(scheduler.status())
        scheduler.disarm()
        show(scheduler.status())
        _native.Scheduler.arm()
        show(scheduler.status())
        show(region(native.use_locked, native.use_locked))
    """).said
    assert said[0]["gil"]
    assert said[0]["slots"] > 20
    assert {why for _, why in said[0]["skipped"]} >= {"the dynamic linker", "the C library"}
    assert said[1] == {"slots": 0, "objects": 0, "skipped": [], "gil": False}
    assert said[2] == said[0]
    assert said[3]["control"] == "full"


def test_the_default_runs_one_thread_after_the_other(child: Callable[..., Ended]) -> None:
    said = child("""
        log = []
        def body(name):
            def run():
                for _ in range(3):
                    native.use_locked()
                    log.append(name)
            return run
        report = region(body("a"), body("b"))
        show([log, report])
    """).said
    log, report = said[0]
    assert log == ["a", "a", "a", "b", "b", "b"]
    assert report["switches"] == []
    assert (report["control"], report["why"], report["diverged"]) == ("full", [], None)


@pytest.mark.parametrize("policy", ["pct", "pos", "surw", "walk"])
def test_a_seed_is_one_trace_and_its_switches_are_too(child: Callable[..., Ended], policy: str) -> None:
    said = child(f"""
        def run(**options):
            page = Page()
            return region(native.use_locked, page.close, native.use_locked, length=20, **options)
        reports = [run(policy={policy!r}, seed=4) for _ in range(100)]
        switches = reports[0]["switches"]
        replays = [run(policy="replay", switches=switches) for _ in range(100)]
        show([reports[0], len({{each["hash"] for each in reports + replays}}), {{each["control"] for each in reports}} == {{"full"}}])
        show(len({{run(policy={policy!r}, seed=seed)["hash"] for seed in range(30)}}))
    """).said
    report, traces, full = said[0]
    assert traces == 1
    assert full
    assert report["decisions"] > 3
    assert said[1] > 5


@pytest.mark.parametrize("policy", ["pct", "pos", "surw", "walk"])
def test_the_window_without_the_gil_is_found_and_replayed(child: Callable[..., Ended], policy: str) -> None:
    """Of width zero: free-running threads do not find it in 15,000 runs."""
    found = child(
        f"""
        for seed in range(200):
            journal.reset()
            page = Page()
            region(page.use, page.close, policy={policy!r}, seed=seed, length=6)
        """,
        status=CRASH,
    )
    again = child(
        f"""
        page = Page()
        region(page.use, page.close, policy="replay", switches={found.switches})
        """,
        status=CRASH,
    )
    assert again.switches == found.switches


def test_one_switch_is_enough_for_the_window(child: Callable[..., Ended]) -> None:
    found = [
        at
        for at in range(8)
        if child(f"page = Page()\nregion(page.use, page.close, policy='replay', switches=[({at}, 2)])", status=None).status == CRASH
    ]
    assert len(found) == 1


def test_a_correct_program_is_silent(child: Callable[..., Ended]) -> None:
    said = child("""
        guard = threading.Lock()
        def guarded(call):
            def run():
                with guard:
                    call()
            return run
        control = set()
        for seed in range(1000):
            page = Page()
            policy = ("pct", "pos", "surw", "walk")[seed % 4]
            journal.reset()
            control.add(region(guarded(page.use), guarded(page.close), native.use_locked, policy=policy, seed=seed)["control"])
        show(sorted(control))
    """).said
    assert said == [["full"]]


def test_a_deadlock_of_the_gil_and_a_mutex_names_both(child: Callable[..., Ended]) -> None:
    stuck = child(
        """
        nothing = ctypes.CFUNCTYPE(None)(lambda: None)
        for seed in range(200):
            region(with_gil.use_locked, lambda: native.call_locked(nothing), policy="walk", seed=seed)
        """,
        status=DEADLOCK,
    ).stuck
    kind, _, rows = stuck[1:]
    assert kind == "deadlock"
    assert rows == [
        [1, 1, "pthread_mutex_lock", 2, "mutex 1"],
        [2, 2, "PyEval_RestoreThread", 1, "the GIL"],
    ]


def test_a_deadlock_of_two_mutexes_is_seen_while_others_run(child: Callable[..., Ended]) -> None:
    stuck = child(
        """
        for seed in range(300):
            region(native.one_two, native.two_one, native.read_briefly, policy="walk", seed=seed)
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1] == "deadlock"
    assert {(row[0], row[3]) for row in stuck[3]} >= {(1, 2), (2, 1)}
    assert {row[4] for row in stuck[3] if row[0] != 3} == {"mutex 1", "mutex 2"}


def test_a_deadlock_of_python_locks_is_one(child: Callable[..., Ended]) -> None:
    stuck = child(
        """
        one, two = threading.Lock(), threading.Lock()
        def nested(first, second):
            def run():
                with first:
                    time.sleep(1)
                    with second:
                        pass
            return run
        region(nested(one, two), nested(two, one))
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1] == "deadlock"
    assert [row[3] for row in stuck[3]] == [2, 1]


def test_a_thread_that_waits_for_itself_is_a_deadlock(child: Callable[..., Ended]) -> None:
    assert child("region(native.upgrade)", status=DEADLOCK).stuck[3] == [[1, 1, "pthread_rwlock_wrlock", 1, "rwlock 1"]]


def test_a_lost_wake_up_is_found_and_its_fixed_twin_is_silent(child: Callable[..., Ended]) -> None:
    stuck = child(
        """
        for seed in range(300):
            native.reset()
            region(native.wait_ready, native.set_ready, policy="walk", seed=seed)
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1:] == ["lost wake-up", 0, [[1, 1, "pthread_cond_wait", -1, "condition 1"]]]
    child("""
        for seed in range(300):
            native.reset()
            region(native.wait_right, native.set_ready, policy="walk", seed=seed)
    """)


def test_threads_that_only_poll_are_a_livelock(child: Callable[..., Ended]) -> None:
    stuck = child("native.hold()\nregion(native.spin, native.spin, budget=1000)", status=DEADLOCK).stuck
    assert stuck[1] == "livelock"
    assert len(stuck[3]) == 2


def test_sleeps_take_no_time_and_keep_their_order(child: Callable[..., Ended]) -> None:
    said = child("""
        log = []
        def nap(seconds):
            def run():
                before = time.monotonic()
                time.sleep(seconds)
                log.append([seconds, time.monotonic() - before >= seconds])
            return run
        report = region(nap(7200), nap(3600), nap(1))
        show([log, report["control"]])
    """).said
    assert said == [[[[1, True], [3600, True], [7200, True]], "full"]]


def test_pure_bytecode_is_preempted_by_the_gils_own_request(child: Callable[..., Ended]) -> None:
    said = child("""
        def run(at):
            log = []
            def long():
                log.append("in")
                _native.schedule_point()
                for _ in range(100000):
                    if len(log) > 1:
                        return
                log.append("never interrupted")
            report = region(long, lambda: log.append("other"), policy="replay", switches=[(at, 2)])
            return log, report["control"]
        show([run(at) for at in range(1, 6)])
    """).said
    assert [["in", "other"], "full"] in said[0]
    assert all(control == "full" for _, control in said[0])


def test_points_in_python_are_decisions(child: Callable[..., Ended]) -> None:
    said = child("""
        def run(**options):
            log = []
            def body(name):
                def run():
                    for _ in range(3):
                        _native.schedule_point()
                        log.append(name)
                return run
            report = region(body("a"), body("b"), **options)
            return "".join(log), report["hash"]
        _native.schedule_point()
        show([run(policy="walk", seed=seed) for seed in range(40)])
        show([run(policy="walk", seed=seed) for seed in range(40)])
    """).said
    assert said[0] == said[1]
    assert len({log for log, _ in said[0]}) > 5


def test_threads_started_inside_are_adopted(child: Callable[..., Ended]) -> None:
    said = child("""
        def start():
            inner = [threading.Thread(target=native.use_locked) for _ in range(2)]
            for each in inner:
                each.start()
            for each in inner:
                each.join()
        reports = [region(start, start, policy="walk", seed=1, length=40) for _ in range(50)]
        show([len({each["hash"] for each in reports}), reports[0]])
    """).said
    traces, report = said[0]
    assert (traces, report["control"]) == (1, "full")
    assert max(to for _, to in report["switches"]) > 2


def test_a_pool_started_inside_is_adopted_and_later_declared(child: Callable[..., Ended]) -> None:
    said = child("""
        show(region(native.pool_run, native.pool_run))
        show(region(native.pool_run, native.pool_run))
    """).said
    assert said[0]["control"] == "full"
    assert said[1]["control"] == "partial"
    assert any("outside the region" in why for why in said[1]["why"])


def test_a_thread_outside_is_let_in_when_it_is_needed(child: Callable[..., Ended]) -> None:
    said = child("""
        asked, answered = queue.SimpleQueue(), queue.SimpleQueue()
        def answer():
            while True:
                answered.put(asked.get() + 1)
        threading.Thread(target=answer, daemon=True).start()
        got = []
        def ask():
            asked.put(1)
            got.append(answered.get())
        show([region(ask, native.use_locked)["control"], got])
    """).said
    assert said == [["partial", [2]]]


def test_what_one_thread_writes_another_reads_in_order(child: Callable[..., Ended]) -> None:
    said = child("""
        import select
        reading, writing = os.pipe()
        got = []
        def read():
            got.append(os.read(reading, 9).decode())
        def poll():
            poller = select.poll()
            poller.register(reading, select.POLLIN)
            got.append(len(poller.poll(60000)))
            os.read(reading, 9)
        show(region(read, lambda: os.write(writing, b"x")))
        show(region(poll, lambda: os.write(writing, b"x")))
        show(got)
    """).said
    assert [each["control"] for each in said[:2]] == ["full", "full"]
    assert said[2] == ["x", 1]


def test_a_call_that_is_not_modelled_loses_the_token(child: Callable[..., Ended]) -> None:
    said = child("""
        signal.signal(signal.SIGUSR1, lambda *_: None)
        libc = ctypes.CDLL(None)
        show(region(libc.pause, lambda: os.kill(os.getpid(), signal.SIGUSR1), threads=[0, 1]))
    """).said
    assert said[0]["control"] == "none"
    assert "not modelled" in said[0]["why"][0]


def test_a_signal_ends_a_wait_of_the_main_thread(child: Callable[..., Ended]) -> None:
    said = child("""
        class Alarm(Exception):
            pass
        def ring(*_):
            raise Alarm
        signal.signal(signal.SIGALRM, ring)
        held, got = threading.Lock(), []
        held.acquire()
        def wait():
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            try:
                held.acquire()
            except Alarm:
                got.append("alarm")
        show([region(wait, native.use_locked, threads=[0, 1])["control"], got])
    """).said
    assert said == [["partial", ["alarm"]]]


def test_a_child_forked_inside_has_no_region_and_can_make_one(child: Callable[..., Ended]) -> None:
    said = child("""
        this = scheduler.region(number=0, threads=[0, 1], policy="default", seed=0, depth=1, length=9, switches=[], budget=999)
        def other():
            this.enter(1)
            this.step(1)
            this.leave(1)
        thread = threading.Thread(target=other)
        thread.start()
        this.enter(0)
        this.step(0)
        pid = os.fork()
        native.use_locked()
        this.leave(0)
        if pid == 0:
            crew.clear()
            again = [region(native.use_locked, native.use_locked)["control"] for _ in range(3)]
            os._exit(again == ["full"] * 3 and 7)
        thread.join()
        show([this.report()["control"], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])])
    """).said
    assert said == [["partial", 7]]


def test_processes_can_be_started_and_waited_for(child: Callable[..., Ended]) -> None:
    said = child("""
        import subprocess
        got = []
        def start():
            got.append(subprocess.run([sys.executable, "-c", "print(6)"], capture_output=True, check=True).stdout.decode())
        show([region(start, start)["control"], got])
    """).said
    assert said == [["partial", ["6\n", "6\n"]]]


def test_the_interpreter_can_exit_inside(child: Callable[..., Ended]) -> None:
    child(
        """
        this = scheduler.region(number=0, threads=[0, 1], policy="default", seed=0, depth=1, length=9, switches=[], budget=999)
        def other():
            this.enter(1)
            this.step(1)
            time.sleep(5)
            this.leave(1)
        threading.Thread(target=other, daemon=True).start()
        this.enter(0)
        this.step(0)
        sys.exit(3)
        """,
        status=3,
    )


def test_a_thread_that_ends_without_leaving_holds_nobody_up(child: Callable[..., Ended]) -> None:
    said = child("""
        this = scheduler.region(number=0, threads=[1, 2], policy="default", seed=0, depth=1, length=9, switches=[], budget=999)
        def ends():
            this.enter(1)
            this.step(1)
        def leaves():
            this.enter(2)
            this.step(1)
            this.leave(2)
        both = [threading.Thread(target=each) for each in (ends, leaves)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        show(this.report()["control"])
        show(region(native.use_locked, native.use_locked)["control"])
    """).said
    # On 3.10 a thread that ends wakes the one that joins it, which is outside.
    assert said[0] in ("full", "partial")
    assert said[1] == "full"


def test_a_library_loaded_later_is_controlled(child: Callable[..., Ended], victim: Path) -> None:
    copy = victim.with_name("copy.so")
    shutil.copy(victim, copy)
    stuck = child(
        f"""
        def late(name):
            return lambda: getattr(ctypes.CDLL({str(copy)!r}), name)()
        for seed in range(300):
            region(late("one_two"), late("two_one"), policy="walk", seed=seed, length=30)
        """,
        status=DEADLOCK,
    ).stuck
    assert stuck[1] == "deadlock"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("region(native.use_locked, policy='best')", "ValueError: \"best\" is no policy: pass default, replay"),
        ("region(native.use_locked, budget=0)", "ValueError: a budget of 0"),
        ("region(native.use_locked, threads=[])", "ValueError: a region needs"),
        ("region(native.use_locked, seed='x')", "TypeError: seed must be an int"),
        ("scheduler.disarm(); region(native.use_locked)", "RuntimeError: the scheduler is not armed"),
    ],
)
def test_wrong_use_is_refused(child: Callable[..., Ended], code: str, error: str) -> None:
    said = child(f"""
        try:
            {code}
        except Exception as raised:
            show(f"{{type(raised).__name__}}: {{raised}}")
    """).said
    assert said[0].startswith(error)
