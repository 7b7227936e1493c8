"""Files that appear whole under their name, or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from projections.exports._errors import ExportError

_PRIVATE_FILE = 0o600
_PERMISSIONS = 0o777
_WORK_PREFIX = ".eventlog-export-"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path to write to; at the end that file is synced, and gets the name ``path``.

    It is written in a private directory beside, which is gone afterwards, whatever happens; only a
    kill leaves it behind. A new file is readable by its owner alone, as a log is; one that replaces
    another keeps that one's permissions.
    """
    permissions = check_target(path)
    work = Path(tempfile.mkdtemp(prefix=_WORK_PREFIX, dir=path.parent))
    try:
        written = work / "file"
        yield written
        written.chmod(permissions)
        _sync(written)
        written.rename(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_target(path: Path) -> int:
    """The permissions that a file of this name is to have; ExportError when it is no plain file.

    A link is not followed, and not replaced: whoever made it wanted something else.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return _PRIVATE_FILE
    if stat.S_ISLNK(mode):
        raise ExportError("this is a symbolic link: name the file that is to be written", path=path)
    if stat.S_ISDIR(mode):
        raise ExportError("this is a directory: name a file in it", path=path)
    if not stat.S_ISREG(mode):
        raise ExportError("this is no regular file: write to - and redirect it", path=path)
    return mode & _PERMISSIONS


def refuse_inside(log: Path, path: Path) -> None:
    """ExportError for a file in the log's own directory: an export must not replace the log."""
    if log.resolve() in path.resolve().parents:
        raise ExportError("this is inside of the log: write somewhere else", path=path)


def create_private(path: Path) -> None:
    """Make sure that the file is there; a new one is empty and readable by its owner alone."""
    check_target(path)
    flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    os.close(os.open(path, flags, _PRIVATE_FILE))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
