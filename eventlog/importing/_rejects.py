"""The file of refused lines. A line is recorded once, however often it is met."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventlog._errors import EventLogError
from eventlog.importing._lines import LongLine, Raw, sha256_of
from eventlog.importing._recorded import Recorded, RecordedLines
from eventlog.importing._reject import Reject, entry_pieces, shown
from eventlog.importing._sources import BLOCK

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_PRIVATE = 0o600
_TAIL = 64 * 1024


class RejectsFile:
    """Appends refused lines to one file, which is created with the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._recorded = Recorded(path)
        self._descriptor: int | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._dirty = False

    def of(self, file: str) -> RecordedLines:
        """The lines of ``file`` that are recorded already; ask for each input anew."""
        self.flush()
        return self._recorded.lines_of(shown(file))

    def add(self, reject: Reject, raw: Raw, known: RecordedLines) -> None:
        """Record one line, unless it is among ``known``. On disk only after :meth:`flush`."""
        digest = sha256_of(raw)
        if known.holds(reject.line, digest):
            return
        if isinstance(raw, LongLine):
            self._write(entry_pieces(reject, raw, digest))
            return
        entry = b"".join(entry_pieces(reject, raw, digest))
        self._waiting.append(entry)
        self._waiting_bytes += len(entry)
        if self._waiting_bytes > BLOCK:
            self._write(iter(()))

    def flush(self) -> None:
        """Bring all recorded lines to the disk."""
        if self._waiting:
            self._write(iter(()))
        if self._dirty and self._descriptor is not None:
            os.fsync(self._descriptor)
            self._dirty = False

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _write(self, pieces: Iterator[bytes]) -> None:
        descriptor = self._opened()
        with _locked(descriptor):
            _write_all(descriptor, b"".join(self._waiting))
            self._waiting, self._waiting_bytes = [], 0
            for piece in pieces:
                _write_all(descriptor, piece)
        self._dirty = True

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = _open(self.path)
            with _locked(self._descriptor):
                _end_last_line(self._descriptor)
        return self._descriptor


def check_rejects_path(path: Path) -> None:
    """EventLogError when refused lines cannot be kept there: better now than half way."""
    if path.is_symlink():
        raise _cannot_write(path, "it is a symbolic link")
    if path.exists() and not path.is_file():
        raise _cannot_write(path, "it is no regular file")
    if not path.parent.is_dir():
        raise _cannot_write(path, "its directory does not exist")


def _cannot_write(path: Path, why: str | None) -> EventLogError:
    return EventLogError(f"cannot keep refused lines in this file: {why}", path=path)


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, _FLAGS, _PRIVATE)
    except OSError as error:
        raise _cannot_write(path, error.strerror) from error
    _sync_directory(path.parent)
    return descriptor


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Two imports, into different logs, may share one file."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _end_last_line(descriptor: int) -> None:
    """Cut an entry that a killed import left unfinished: its line will be met again."""
    size = os.fstat(descriptor).st_size
    if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
        return
    start = _start_of_last_line(descriptor, size)
    end = os.pread(descriptor, 3, max(start, size - 3))
    is_whole = end.endswith(b'"}') and not end.startswith(b"\\")
    if os.pread(descriptor, 9, start) == b'{"file":"'[: size - start] and not is_whole:
        os.ftruncate(descriptor, start)
    else:
        _write_all(descriptor, b"\n")


def _start_of_last_line(descriptor: int, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - _TAIL)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
