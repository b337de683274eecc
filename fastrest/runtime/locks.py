"""Locks of the operating system on files: they die with the process that holds them.

A lock file may outlive its process, but nothing holds it then: the next process takes it, and
removes it once its own work is done.
"""

import contextlib
import errno
import io
import os
import stat
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Errors of a system call that say that something else holds the lock.
HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
#: A byte far behind the end of a file: Windows locks bytes, also against their reader.
FAR = 1 << 30
#: The ending of a lock file's name.
LOCK = ".fastrest-lock"

#: The open files that hold locks; a forked child closes its copies, which would keep the locks.
_holding: "weakref.WeakSet[io.FileIO]" = weakref.WeakSet()


def _close_copies() -> None:
    for file in list(_holding):
        file.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_copies)


def target(path: Path) -> Path:
    """Return the file that a path leads to, which need not exist."""
    # other paths stay as they are: the folders above the present one may be closed to the user
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def take(file: io.FileIO, without: bool) -> bool:
    """Lock an open file until it is closed; return False if something else has locked it.

    On a file system without locks nothing is locked, and the result is `without`.
    """
    try:
        if sys.platform == "win32":
            os.lseek(file.fileno(), FAR, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return without and error.errno not in HELD
    _holding.add(file)
    return True


def remove(file: io.FileIO, name: Path) -> None:
    """Remove the name of an open file, and close the file, which unlocks it."""
    try:
        if os.name == "nt":
            file.close()  # Windows keeps the name of an open file
        with contextlib.suppress(OSError):
            name.unlink()
    finally:
        file.close()


def remove_stale(name: Path) -> None:
    """Remove a file that a process locked while it wrote it, if that process has ended."""
    with contextlib.suppress(OSError), io.FileIO(name, "r+") as file:
        if take(file, False):
            remove(file, name)


def stands(file: io.FileIO, name: Path) -> bool:
    """Return True if an open file still has a name."""
    try:
        found = os.lstat(name)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file.fileno()), found)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file while it grows; the lock file stands beside it.

    Raises
    ------
    FileExistsError
        A file that is not a lock has the name of the lock file.
    OSError
        Another process, or another thread, holds the lock.
    """
    path = target(path)
    name, owner, file = path.with_name(f".{path.name}{LOCK}"), os.getpid(), None
    try:
        while file is None:
            opened = io.FileIO(name, "a+", opener=_open)
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size:
                opened.close()
                raise FileExistsError(f"{name} is in the way: a lock of fastrest belongs there")
            if not take(opened, True):
                opened.close()
                raise OSError(
                    f"{path} is in use: another process writes it; wait until it has ended, or "
                    "name another file"
                )
            if stands(opened, name):
                file = opened
            else:  # its former holder has just removed it
                opened.close()
        yield
    finally:
        if file is not None and os.getpid() == owner:  # a forked child leaves its parent's alone
            remove(file, name)


def _open(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
