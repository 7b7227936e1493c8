"""Small files that are read within bounds and replaced as a whole."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
STEM = 40  # characters; a name may have 255 bytes in all


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a plain file; OSError for a device or a pipe, or beyond ``most`` bytes."""
    with open_plain(path) as file:
        return read_most(file, most, path)


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading; OSError for anything else."""
    # O_NONBLOCK, because opening a pipe that nobody writes to would wait forever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    file = open(descriptor, "rb")  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return file


def read_most(file: BinaryIO, most: int, path: Path) -> bytes:
    """All that is in the open file; OSError beyond ``most`` bytes."""
    content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
    return content


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``: whoever reads it sees the old content or the new.

    It survives a killed process at once. It is not forced to the disk: the log does that.
    OSError when that fails, and when ``path`` is a symbolic link.
    """
    # Plain strings and calls: a program saves while it works, and pathlib would double the time.
    target = os.fspath(path)
    directory, name = os.path.split(target)
    new = os.path.join(directory, f".{name[:STEM]}.{token_hex(4)}.new")  # noqa: PTH118
    if os.path.islink(target):  # noqa: PTH114
        raise OSError(errno.ELOOP, "it is a symbolic link: remove it, or name its target", target)
    try:
        descriptor = os.open(new, _NEW, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(new, _NEW, 0o600)
    try:
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.rename(new, target)  # noqa: PTH104
    except BaseException:
        with suppress(OSError):
            os.unlink(new)  # noqa: PTH108
        raise


def _write_all(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content)
    while written < len(content):  # a full disk takes a part first
        written += os.write(descriptor, content[written:])


def unfinished(path: Path) -> Iterator[Path]:
    """What a killed process left of its attempts to write ``path``."""
    ours = re.compile(re.escape(f".{path.name[:STEM]}.") + r"[0-9a-f]{8}\.new")
    with suppress(FileNotFoundError):
        yield from (one for one in path.parent.iterdir() if ours.fullmatch(one.name))
