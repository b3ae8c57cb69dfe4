"""Fixtures of the tests of the scheduler: a victim in C, and children that run regions over it."""

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

DEADLINE_SECONDS = 60

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
            [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=DEADLINE_SECONDS, pass_fds=[journal.fileno()]
        )
        records, _, damage = journal.read()
        assert damage is None
        decoded = [msgspec.msgpack.decode(record) for record in records]
        if status is not None:
            assert done.returncode == status, (done.stdout, done.stderr, decoded[-1:])
        return Ended(done.returncode, [msgspec.json.decode(line) for line in done.stdout.splitlines()], decoded)

    return run
