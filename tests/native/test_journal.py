"""The journal as Python sees it. What it promises byte by byte is tested in native/journal."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadhand._native import Journal, JournalCorrupt, JournalFull

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="journals need memfd (2026-11-21)")

HEADER_BYTES = 128  # before the record area, as the journal's documentation says
DEADLINE_SECONDS = 10


def in_child(act: Callable[[], object]) -> int:
    """Run `act` in a forked child that cannot return into the test; return the child's id."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)
    return pid


def scribble(journal: Journal, offset: int, data: bytes) -> None:
    """Write into the journal's memory from a child, as a wild pointer would."""
    pid = in_child(lambda: os.pwrite(journal.fileno(), data, offset))
    assert os.waitpid(pid, 0) == (pid, 0)


@pytest.fixture
def journal() -> Journal:
    return Journal.create(1 << 20)


@pytest.fixture
def three(journal: Journal) -> Journal:
    """A journal with three records of 24 bytes each."""
    for payload in (b"first", b"other", b"third"):
        journal.append(payload)
    return journal


@given(payloads=st.lists(st.binary(max_size=200), max_size=30))
def test_what_is_appended_is_read(payloads: list[bytes]) -> None:
    journal = Journal.create(16 * 1024)
    offsets = [journal.append(payload) for payload in payloads]
    assert journal.read() == (payloads, journal.used, None)
    for index, offset in enumerate(offsets):
        assert journal.read(offset)[0] == payloads[index:]


def test_read_goes_on_from_its_cursor(three: Journal) -> None:
    _, cursor, _ = three.read()
    assert three.read(cursor) == ([], cursor, None)
    three.append(b"fourth")
    assert three.read(cursor)[0] == [b"fourth"]


def test_full_journal_names_needed_and_remaining_bytes() -> None:
    journal = Journal.create(64)
    journal.append(bytes(16))
    with pytest.raises(JournalFull, match=r"needs 40 bytes and 32 remain; reset"):
        journal.append(bytes(17))
    journal.append(bytes(16))
    assert journal.used == journal.capacity == 64
    assert journal.read() == ([bytes(16)] * 2, 64, None)


def test_reset_begins_an_epoch(three: Journal) -> None:
    _, cursor, _ = three.read()
    three.reset()
    assert (three.used, three.epoch, three.read()) == (0, 2, ([], 0, None))
    records, _, note = three.read(cursor)
    assert not records
    assert note is not None
    assert "beyond the tail" in note


def test_records_survive_sigkill_of_a_forked_child(journal: Journal) -> None:
    def write_for_ever() -> None:
        while True:
            journal.append(b"step " + str(journal.used).encode())

    pid = in_child(write_for_ever)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while journal.used < 1 << 16 and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL

    used = journal.used
    records, cursor, note = journal.read()
    assert len(records) > 1000
    assert note is None or "torn" in note  # the kill may have struck in the middle of an append
    assert cursor == used or note is not None
    before = [int(record.removeprefix(b"step ")) for record in records]
    assert before == sorted(set(before))


def test_records_survive_in_a_process_that_was_not_forked_from_python(journal: Journal) -> None:
    code = "import os, sys\nfrom deadhand._native import Journal\nJournal.attach(int(sys.argv[1])).append(b'x')\nos.abort()"
    fd = journal.fileno()
    assert not os.get_inheritable(fd)
    command = [sys.executable, "-c", code, str(fd)]
    done = subprocess.run(command, pass_fds=[fd], check=False, timeout=DEADLINE_SECONDS)
    assert done.returncode == -signal.SIGABRT
    assert journal.read()[0] == [b"x"]


def test_parallel_writers_lose_nothing(journal: Journal) -> None:
    def append_all(writer: int) -> None:
        for count in range(500):
            journal.append(bytes([writer]) + count.to_bytes(4, "little"))

    def append_on_threads(first: int) -> None:
        threads = [threading.Thread(target=append_all, args=[first + index]) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    pid = in_child(lambda: append_on_threads(4))
    append_on_threads(0)
    assert os.waitpid(pid, 0) == (pid, 0)
    records, _, note = journal.read()
    assert note is None
    for writer in range(8):
        counts = [int.from_bytes(record[1:], "little") for record in records if record[0] == writer]
        assert counts == list(range(500))


@pytest.mark.parametrize(
    ("offset", "data", "left", "said"),
    [
        (24 + 8, bytes(8), [b"first", b"third"], "1 torn (never committed), the first at byte 24"),
        (24 + 16, b"X", [b"first", b"third"], "1 corrupt, the first at byte 24 (the checksum does not match)"),
        (24 + 8, b"\xff" * 3, [b"first", b"third"], "reservation and commit differ in length"),
        (24, b"\xff" * 8, [b"first"], "nothing after the last of these can be found"),
        (24, bytes(8), [b"first"], "1 torn (never committed), the first at byte 24; nothing after"),
        (-HEADER_BYTES, b"\xff" * 8, [b"first", b"other", b"third"], "its first 8 bytes are not DEADHAND"),
        (64 - HEADER_BYTES, b"\xff" * 8, [], "the tail is beyond the capacity"),
    ],
    ids=["uncommitted", "payload", "commit", "reservation", "unreserved", "magic", "state"],
)
def test_damage_by_a_hostile_child_is_told_in_words(
    three: Journal, offset: int, data: bytes, left: list[bytes], said: str
) -> None:
    scribble(three, HEADER_BYTES + offset, data)
    records, _, note = three.read()
    assert records == left
    assert note is not None
    assert said in note
    three.reset()
    three.append(b"again")
    assert three.read() == ([b"again"], 24, None)


def test_live_read_waits_before_an_uncommitted_record(three: Journal) -> None:
    scribble(three, HEADER_BYTES + 24 + 8, bytes(8))
    assert three.read(live=True) == ([b"first"], 24, None)


def test_append_to_an_overwritten_header_says_so(three: Journal) -> None:
    scribble(three, 64, b"\xff" * 8)
    with pytest.raises(JournalCorrupt, match="then reset it"):
        three.append(b"x")


def test_memory_cannot_be_shrunk_under_a_reader(three: Journal) -> None:
    with pytest.raises(PermissionError):
        os.ftruncate(three.fileno(), 0)
    assert len(three.read()[0]) == 3


def test_attached_journal_outlives_the_first(three: Journal) -> None:
    other = Journal.attach(three.fileno())
    expected = three.read()
    del three
    gc.collect()
    assert other.read() == expected


def test_dropped_journal_closes_its_descriptor() -> None:
    def open_descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()
    before = open_descriptors()
    journals = [Journal.create(4096) for _ in range(50)]
    journals += [Journal.attach(journal.fileno()) for journal in journals]
    assert open_descriptors() == before + 100
    journals.clear()
    assert open_descriptors() == before


@pytest.mark.parametrize("fd", [-1, 1 << 30, 1 << 40], ids=["negative", "closed", "not a descriptor"])
def test_attach_refuses_what_is_not_open(fd: int) -> None:
    with pytest.raises(ValueError, match=r"pass the fileno"):
        Journal.attach(fd)


def test_attach_refuses_other_files() -> None:
    fd = os.memfd_create("no journal", os.MFD_ALLOW_SEALING)
    try:
        os.truncate(fd, 4096)
        with pytest.raises(ValueError, match=rf"descriptor {fd} is not a journal \(it is not sealed shared memory\)"):
            Journal.attach(fd)
    finally:
        os.close(fd)


@pytest.mark.parametrize("at", [0, 16], ids=["magic", "capacity"])
def test_attach_refuses_a_bad_header(three: Journal, at: int) -> None:
    scribble(three, at, b"\xff")
    with pytest.raises(ValueError, match=r"is not a journal \(its .*\): pass the fileno"):
        Journal.attach(three.fileno())


def test_attach_names_another_version(three: Journal) -> None:
    scribble(three, 8, b"\x09")
    with pytest.raises(ValueError, match=r"of format 9, this build reads format 1: run both processes with"):
        Journal.attach(three.fileno())


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda journal: journal.append("text"), TypeError, "payload must be bytes, not str: encode it first"),
        (lambda journal: journal.read(3), ValueError, "3 is not a cursor of this journal"),
        (lambda journal: journal.read(-8), ValueError, "cursor is out of range: pass 0"),
        (lambda journal: journal.read("0"), TypeError, "cursor must be an int, not str: pass 0"),
        (lambda _: Journal.create(0), ValueError, "ask for a capacity from 16 to"),
        (lambda _: Journal.create(-1), ValueError, "capacity is out of range: pass a positive number of bytes"),
        (lambda _: Journal.create(1 << 70), ValueError, "capacity is out of range"),
        (lambda _: Journal.create(1 << 40), ValueError, "ask for a capacity from 16 to"),
        (lambda _: Journal.create("1"), TypeError, "capacity must be an int, not str"),  # type: ignore[arg-type]
        (lambda _: Journal(), TypeError, "Journal"),
    ],
)
def test_bad_arguments_raise_with_a_remedy(
    journal: Journal, call: Callable[[Journal], object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        call(journal)
