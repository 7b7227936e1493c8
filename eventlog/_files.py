"""The few operations through which the log changes the disk.

Everything that creates, writes, syncs, renames, cuts or deletes goes through one ``Files`` object,
so that a test can record, fail or tear any step. Reading needs no such layer: it changes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from eventlog._errors import DamagedLogError

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700

# macOS has no fdatasync; its fsync is what the platform's own databases use by default.
_sync_data = getattr(os, "fdatasync", os.fsync)


def refuse_link(directory: Path) -> None:
    """DamagedLogError when a directory inside a log is a link: nothing is written through one."""
    if directory.is_symlink():
        raise DamagedLogError(
            "this is a link, and nothing is written through one: put the directory itself here",
            path=directory,
        )


def ensure_directory(directory: Path, files: Files) -> bool:
    """Make a directory inside a log unless it is there; whether it was made.

    DamagedLogError when something else has its name.
    """
    refuse_link(directory)
    if directory.is_dir():
        return False
    try:
        files.make_directory(directory)
    except FileExistsError:
        if directory.is_dir():  # another process made it in the meantime
            return False
        raise DamagedLogError(
            "this is no directory, and the log needs one by this name: move it elsewhere",
            path=directory,
        ) from None
    return True


class Files:
    """The operating system's files. No symbolic link is ever followed for writing."""

    def create(self, path: Path) -> int:
        """Descriptor of a new, empty file; FileExistsError when there is one."""
        return os.open(path, _NEW, _PRIVATE_FILE)

    def open_append(self, path: Path) -> int:
        """Descriptor of an existing file, writing at its end."""
        return os.open(path, _APPEND)

    def open_lock(self, path: Path) -> int:
        """Descriptor of the lock file, created when missing."""
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(path, flags, _PRIVATE_FILE)

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of ``data``; a short write goes on where it stopped, until it fails."""
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])

    def sync(self, descriptor: int) -> None:
        """Bring the file's bytes to the disk."""
        _sync_data(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Bring the directory's names to the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        os.ftruncate(descriptor, size)

    def rename(self, source: Path, target: Path) -> None:
        """Give ``source`` the name ``target``, replacing what had it."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()

    def make_directory(self, path: Path) -> None:
        """Create one directory; FileExistsError when there is one."""
        path.mkdir(mode=_PRIVATE_DIRECTORY)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def write_new(self, path: Path, data: bytes) -> None:
        """A new file with this content, on disk, its name included, when this returns."""
        descriptor = self.create(path)
        try:
            self.write(descriptor, data)
            self.sync(descriptor)
        finally:
            self.close(descriptor)
        self.sync_directory(path.parent)
