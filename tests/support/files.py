"""File layers that count, fail, crash or write short: what ``EventLog.open(files=...)`` takes."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

from eventlog._files import Files

T = TypeVar("T")


class CrashError(OSError):
    """The power went at this step; nothing after it happens."""


class RecordingFiles(Files):
    """Counts the operations by name, and lets a subclass decide about each before it happens."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self._counting = Lock()

    def before(self, name: str, number: int) -> None:
        """Called before operation ``number`` (from 1), called ``name``."""

    def _do(self, name: str, action: Callable[[], T]) -> T:
        with self._counting:
            self.counts[name] += 1
            self.trace.append(name)
            number = len(self.trace)
        self.before(name, number)
        return action()

    def create(self, path: Path) -> int:
        return self._do("create", lambda: Files.create(self, path))

    def open_append(self, path: Path) -> int:
        return self._do("open_append", lambda: Files.open_append(self, path))

    def open_lock(self, path: Path) -> int:
        return self._do("open_lock", lambda: Files.open_lock(self, path))

    def write(self, descriptor: int, data: bytes) -> None:
        self._do("write", lambda: Files.write(self, descriptor, data))

    def sync(self, descriptor: int) -> None:
        self._do("sync", lambda: Files.sync(self, descriptor))

    def sync_directory(self, path: Path) -> None:
        self._do("sync_directory", lambda: Files.sync_directory(self, path))

    def truncate(self, descriptor: int, size: int) -> None:
        self._do("truncate", lambda: Files.truncate(self, descriptor, size))

    def rename(self, source: Path, target: Path) -> None:
        self._do("rename", lambda: Files.rename(self, source, target))

    def unlink(self, path: Path) -> None:
        self._do("unlink", lambda: Files.unlink(self, path))

    def make_directory(self, path: Path) -> None:
        self._do("make_directory", lambda: Files.make_directory(self, path))


class CrashingFiles(RecordingFiles):
    """Crashes at operation ``at``: from there on nothing reaches the disk.

    ``torn`` is how much of a write that crashes is on the disk all the same, from 0 to 1.
    """

    def __init__(self, at: int, torn: float = 0.0) -> None:
        super().__init__()
        self.at = at
        self.torn = torn

    @property
    def crashed(self) -> bool:
        return len(self.trace) >= self.at

    def before(self, name: str, number: int) -> None:
        if number >= self.at:
            raise CrashError(errno.EIO, f"crash before {name} (operation {number})")

    def sync(self, descriptor: int) -> None:
        self._do("sync", lambda: None)  # the machine goes on: a real sync would only cost time

    def sync_directory(self, path: Path) -> None:
        self._do("sync_directory", lambda: None)

    def write(self, descriptor: int, data: bytes) -> None:
        try:
            super().write(descriptor, data)
        except CrashError:
            if len(self.trace) == self.at:
                Files.write(self, descriptor, data[: int(len(data) * self.torn)])
            raise


class FailingFiles(RecordingFiles):
    """Fails the operations that ``when`` chooses by name and by how often it was called."""

    def __init__(self, when: Callable[[str, int], bool], error: int = errno.EIO) -> None:
        super().__init__()
        self.when = when
        self.error = error

    def before(self, name: str, number: int) -> None:
        if self.when(name, self.counts[name]):
            raise OSError(self.error, os.strerror(self.error))


class UnsyncedFiles(Files):
    """Skips what only a power loss could show, for tests that open thousands of logs."""

    def sync(self, descriptor: int) -> None:
        """Nothing."""

    def sync_directory(self, path: Path) -> None:
        """Nothing."""
