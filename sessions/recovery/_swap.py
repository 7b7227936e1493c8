"""A small file that is replaced often: it and a spare one change places.

Making a file and renaming it over another costs a file system some hundred microseconds; writing
into one that exists and exchanging the two names costs a few. Whoever opens the file finds it
whole, as with renaming.

The spare one is written and exchanged only by who holds its lock and finds it at its name still.
So a file that has changed places is never written by two, and a reader that locks what it opened,
and finds it at its name still, reads it whole even if it is slow.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from sessions.recovery._files import STEM, open_plain, read_bounded, read_most

MOST_BYTES = 4096
"""One page, which goes to the disk as a whole: a power loss must not leave half of a new one."""

_HERE = -100  # AT_FDCWD
_EXCHANGE = 2  # RENAME_EXCHANGE
_TRIES = 100
_OPEN = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def swap_in(path: Path, content: bytes) -> bool:
    """Put ``content`` at ``path`` by exchange; False when it needs another way.

    That is so for the first one, for a large one, for what is no plain file, where the system can't
    exchange, and when anything fails: the other way then has the same fault, and tells of it.
    """
    target, spare = os.fspath(path), _spare_of(path)
    if len(content) > MOST_BYTES:
        return False
    try:
        if not stat.S_ISREG(os.lstat(target).st_mode):
            return False
        descriptor = os.open(spare, _OPEN | os.O_CREAT, 0o600)
        try:
            status = _locked(descriptor, spare)
            if status is None or os.pwrite(descriptor, content, 0) != len(content):
                return False
            if status.st_size > len(content):
                os.ftruncate(descriptor, len(content))
            return _exchange(spare, target)
        finally:
            os.close(descriptor)
    except OSError:
        return False


def read_swapped(path: Path, most: int) -> bytes:
    """What ``read_bounded`` reads, whole even while others exchange the file again and again."""
    for _ in range(_TRIES):
        with open_plain(path) as file:
            if _is_steady(file, path):
                return read_most(file, most, path)
    return read_bounded(path, most)  # somebody else's lock on it, or no locks at all


def _is_steady(file: BinaryIO, path: Path) -> bool:
    """Whether nobody writes it while it is open: it is locked, and not the spare one by now."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def remove_spare(path: Path) -> None:
    """Delete the spare file of ``path``, unless somebody is just writing it."""
    spare = _spare_of(path)
    with suppress(FileNotFoundError):
        descriptor = os.open(spare, _OPEN)
        try:
            if _locked(descriptor, spare) is not None:
                os.unlink(spare)  # noqa: PTH108
        finally:
            os.close(descriptor)


def _spare_of(path: Path) -> str:
    # Plain strings: a program saves while it works, and pathlib is slow.
    directory, name = os.path.split(os.fspath(path))
    return os.path.join(directory, f".{name[:STEM]}.spare")  # noqa: PTH118


def _locked(descriptor: int, spare: str) -> os.stat_result | None:
    """Its status, with its lock held until it is closed; None when it is not ours to write."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    status = os.fstat(descriptor)
    is_private = (
        stat.S_ISREG(status.st_mode)
        and status.st_nlink == 1
        and status.st_uid == os.geteuid()
        and not stat.S_IMODE(status.st_mode) & 0o077
    )
    return status if is_private and os.path.samestat(status, os.lstat(spare)) else None


def _exchange(one: str, other: str) -> bool:
    """Let two names change places; False where there is no such call."""
    library = _library()
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    reason = ctypes.get_errno()
    if reason in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(reason, os.strerror(reason), other)


@cache
def _library() -> ctypes.CDLL:
    """The C library that Python itself uses."""
    return ctypes.CDLL(None, use_errno=True)
