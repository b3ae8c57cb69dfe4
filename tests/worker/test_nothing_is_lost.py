"""The parent is killed at any moment: no half-written case, no process, no shared memory; the next run goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deadhand.model.case import decode_case
from deadhand.worker import strays
from deadhand.worker.workspace import Workspace, remove_leftovers, remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

MOMENTS = 20
AT_ONCE = 4

PLAN = """
    class Breaks(Target):
        thing = Handle(after_dispose=raises(ValueError))
        part = Handle(parent=thing)

        @creates(thing)
        def make(self):
            (self.tmp_path / "file").write_text("x")
            return []

        @creates(part)
        def cut(self, thing):
            if thing:
                raise ValueError
            return {"on": thing}.keys()

        @uses
        def crash(self, thing, how=st.integers(0, 40)):
            if thing:
                ctypes.string_at(0)
            if how == 1:
                raise SystemError("broken")
            if how == 2 and os.fork() == 0:
                os.setsid()
                time.sleep(100)
                os._exit(0)

        @uses
        def lie(self, part):
            return 1

        @disposes(thing)
        def close(self, thing):
            thing.append(1)
"""

HUNT = """
import sys
from pathlib import Path
from deadhand.search.campaign import hunt
from deadhand.settings import Budget, Settings
plan, corpus, programs, number = sys.argv[1:]
settings = Settings(hang_seconds=2.0, batch=10, shrink_seconds=0.5)
done = hunt([plan], budget=Budget(seconds=60, programs=int(programs)), seed=int(number), modes=["stock"], corpus=Path(corpus),
            settings=settings, jobs=2, include_unsafe=False, emit=lambda event: print(type(event).__name__, flush=True))
print("programs", done.programs, "errors", done.errors)
"""


def start_hunt(plan: Path, folder: Path, programs: int, number: int) -> subprocess.Popen[str]:
    """A hunt with a corpus and a temporary folder of its own."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"TMPDIR": str(temporary), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}
    environment.pop(strays.VARIABLE, None)
    command = [sys.executable, "-c", HUNT, str(plan), str(folder / "corpus"), str(programs), str(number)]
    return subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def shared_memory() -> set[str]:
    """What lies in shared memory, and System V segments."""
    folder = Path("/dev/shm")
    listed = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {name for name in listed if "deadhand" in name or name.startswith(("psm_", "sem."))}


@pytest.mark.timeout(290)
def test_a_killed_parent_leaves_nothing_and_the_next_run_goes_on(plan_file: Callable[[str], Path], tmp_path: Path, processes: SimpleNamespace) -> None:
    plan = plan_file(PLAN)
    before = shared_memory()
    moments = random.Random(5)

    def kill_one(number: int) -> tuple[int, int, str]:
        folder = tmp_path / f"run{number % AT_ONCE}"
        hunt = start_hunt(plan, folder, 100_000, number)
        assert hunt.stdout is not None
        wanted = ("HuntStarted", "TargetStarted", "FindingEvent", "FindingEvent")[number // AT_ONCE % 4]
        for line in hunt.stdout:  # the random moment counts from here
            if line.strip() == wanted:
                break
        time.sleep(moments.random() * 0.4)
        os.kill(hunt.pid, signal.SIGKILL)
        hunt.wait()
        gone = processes.wait_until(lambda: not processes.started_by(hunt.pid))
        return hunt.pid, number, "" if gone else f"processes left by {hunt.pid}: {processes.started_by(hunt.pid)}"

    def kill_in_turn(lane: int) -> list[tuple[int, int, str]]:
        return [kill_one(number) for number in range(lane, MOMENTS, AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = [each for lane in pool.map(kill_in_turn, range(AT_ONCE)) for each in lane]
    assert len(results) == MOMENTS
    assert [said for _, _, said in results if said] == []
    cases = list(tmp_path.glob("run*/corpus/**/*.json"))
    assert cases, "the hunts were killed before they found anything: the test shows nothing"
    for path in cases:
        decode_case(path.read_bytes(), str(path))
    assert shared_memory() == before

    folder = tmp_path / "run0"
    (folder / "corpus" / "x").mkdir(parents=True, exist_ok=True)
    half = folder / "corpus" / "x" / f".case.json.{results[0][0]}.tmp"
    half.write_text("{")
    again = start_hunt(plan, folder, 60, 1)
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output
    assert "errors []" in output
    assert list((folder / "tmp").glob("deadhand-*")) == []
    assert list((folder / "corpus").rglob("*.tmp")) == []


@pytest.mark.timeout(60)
def test_parent_and_zygote_killed_together(plan_file: Callable[[str], Path], tmp_path: Path, processes: SimpleNamespace) -> None:
    """Even then the next start finds the processes and the folders."""
    hunt = start_hunt(plan_file(PLAN), tmp_path, 100_000, 3)
    assert processes.wait_until(lambda: list((tmp_path / "tmp").glob("deadhand-*")), 30)
    os.kill(hunt.pid, signal.SIGSTOP)
    zygote = next(pid for pid in processes.started_by(hunt.pid) if os.getsid(pid) == pid)
    os.kill(zygote, signal.SIGSTOP)
    os.kill(zygote, signal.SIGKILL)
    os.kill(hunt.pid, signal.SIGKILL)
    hunt.wait()
    assert list((tmp_path / "tmp").glob("deadhand-*"))
    strays.kill_strays()
    assert processes.wait_until(lambda: not processes.started_by(hunt.pid))
    output, _ = start_hunt(tmp_path / "plan.py", tmp_path, 20, 1).communicate(timeout=60)
    assert "errors []" in output
    assert list((tmp_path / "tmp").glob("deadhand-*")) == []


def test_leftovers_are_told_from_folders_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    dead = tmp_path / f"deadhand-{gone.pid}-dead"
    dead.mkdir()
    (dead / "file").write_text("x")
    (tmp_path / f"deadhand-{gone.pid}-link").symlink_to(tmp_path / "elsewhere")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    mine = Workspace.create()
    locked = Workspace(Path(str(tmp_path / f"deadhand-{gone.pid}-locked")) if (tmp_path / f"deadhand-{gone.pid}-locked").mkdir() is None else tmp_path)
    other = tmp_path / "deadhand-notes-x"
    other.mkdir()
    assert remove_leftovers() == 1
    assert not dead.exists()
    assert mine.root.exists()
    assert locked.root.exists(), "its process lives in another container: only the lock shows it"
    assert other.exists()
    assert elsewhere.exists()
    locked.remove()
    mine.remove()
    assert not locked.root.exists()


def test_removing_a_tree_follows_no_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "a" / "link").symlink_to(precious)
    (tree / "closed").mkdir()
    (tree / "closed" / "file").write_text("x")
    (tree / "closed").chmod(0)
    (tree / "a").chmod(0)
    remove_tree(tree)
    assert not tree.exists()
    link = tmp_path / "link"
    link.symlink_to(precious)
    remove_tree(link)
    remove_tree(tmp_path / "nothing")
    assert not link.is_symlink()
    assert (precious / "file").exists()


@pytest.mark.timeout(30)
def test_strays_are_told_by_their_mark(processes: SimpleNamespace) -> None:
    mine = strays.Mark.fresh()
    assert not mine.is_orphaned
    orphaned = strays.Mark("orphan", mine.pid, mine.started + "1", mine.space)
    foreign = strays.Mark("foreign", mine.pid, mine.started + "1", "another pid namespace")
    assert orphaned.is_orphaned
    sleepers = {mark.word: subprocess.Popen(["sleep", "60"], env={"A": "1", strays.VARIABLE: mark.text}) for mark in (mine, orphaned, foreign)}
    broken = subprocess.Popen(["sleep", "60"], env={strays.VARIABLE: "what:is:this", "NOT_" + strays.VARIABLE: orphaned.text})
    try:
        assert processes.wait_until(lambda: processes.running("orphan"))
        assert strays.kill_strays() == 1
        assert sleepers["orphan"].wait(5) == -signal.SIGKILL
        assert strays.kill_marked(mine) == 1
        assert sleepers[mine.word].wait(5) == -signal.SIGKILL
        assert sleepers["foreign"].poll() is None
        assert broken.poll() is None
    finally:
        for each in (*sleepers.values(), broken):
            each.kill()
            each.wait()


def test_a_fork_that_the_list_missed_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = subprocess.Popen(["sleep", "60"])
    mark = strays.Mark("late", 1, "1", "1")
    rounds = iter([[], [(daemon.pid, mark)], []])
    newest = iter(["7", "8", "8", "8", "8"])
    monkeypatch.setattr(strays, "marked", lambda: next(rounds))
    monkeypatch.setattr(strays, "_newest_pid", lambda: next(newest))
    try:
        assert strays.kill_marked(mark) == 1
        assert daemon.wait(timeout=10) == -signal.SIGKILL
    finally:
        daemon.kill()
        daemon.wait()
