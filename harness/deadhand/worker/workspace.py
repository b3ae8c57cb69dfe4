"""A child's private folder: made by the zygote, emptied after each child, removed with the zygote.

A child may do anything to it, even put a link to somebody's home in its place: nothing here follows a link.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from deadhand.worker import strays

_PREFIX = "deadhand-"
_OURS = 0o700


class Workspace:
    """Hands out one fresh folder per program, made at first use. The root stays locked for as long as it is in use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder: Path | None = None
        self._lock = -1
        self._inode = 0
        self._take()

    @classmethod
    def create(cls) -> Workspace:
        """A new root under the system's temporary folder, named after this process so that a leftover can be told."""
        return cls(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))

    def folder(self) -> Path:
        """This program's folder."""
        if self._folder is None:
            if not self._is_in_place():
                remove_tree(self.root)
                self.root.mkdir(mode=_OURS, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="program-", dir=self.root))
        return self._folder

    def clear(self) -> None:
        """Forget and remove this program's folder."""
        if self._folder is not None:
            remove_tree(self._folder)
            self._folder = None

    def restore(self) -> bool:
        """Empty the root after a child; True when the child had removed or replaced it, so that it is another one now."""
        if self._is_in_place():
            self.root.chmod(_OURS)
            for each in self.root.iterdir():
                remove_tree(each)
            return False
        remove_tree(self.root)
        self.root.mkdir(mode=_OURS, exist_ok=True)
        self._take()
        return True

    def remove(self) -> None:
        """Remove everything."""
        remove_tree(self.root)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _is_in_place(self) -> bool:
        """Whether the root is still the folder that was made."""
        try:
            found = os.lstat(self.root)
        except OSError:
            return False
        return found.st_ino == self._inode and stat.S_ISDIR(found.st_mode)

    def _take(self) -> None:
        """Lock the root: its lock, which dies with the last process that uses it, tells it from a leftover."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        self._inode = os.fstat(self._lock).st_ino
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_tree(path: Path) -> None:
    """Remove a file or a folder with all that is in it, whatever permissions it was given; never follows a link."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return
    if not is_folder:
        with contextlib.suppress(OSError):
            path.unlink()
        return
    try:
        shutil.rmtree(path, ignore_errors=True)
        if os.path.lexists(path):
            _open_up(path)
            shutil.rmtree(path, ignore_errors=True)
    except RecursionError:  # folders nested deeper than Python goes
        subprocess.run(["rm", "-rf", "--", str(path)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S607


def _open_up(folder: Path) -> None:
    """Make every folder below one of ours removable again."""
    with contextlib.suppress(OSError):
        folder.chmod(_OURS)
        with os.scandir(folder) as entries:
            for each in entries:
                if each.is_dir(follow_symlinks=False):
                    _open_up(Path(each.path))


def remove_leftovers() -> int:
    """Kill processes and remove roots that a parent left behind which was killed; returns how many roots."""
    strays.kill_strays()
    removed = 0
    for each in Path(tempfile.gettempdir()).glob(f"{_PREFIX}[0-9]*-*"):
        pid = each.name.split("-")[1]
        if pid.isdigit() and not _is_zygote(pid) and _is_free(each):
            remove_tree(each)
            removed += 1
    return removed


def _is_zygote(pid: str) -> bool:
    """Whether a process of ours has this number: numbers are used again."""
    try:
        return b"deadhand" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _is_free(root: Path) -> bool:
    """Whether `root` is a folder of ours that nobody uses (its process may live in another container)."""
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except PermissionError:
        return os.lstat(root).st_uid == os.geteuid()
    except OSError:
        return False
    try:
        if os.fstat(fd).st_uid != os.geteuid():
            return False
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        os.close(fd)
    return True
