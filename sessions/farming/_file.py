"""The files beside the log: read as people left them, replaced as a whole."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from eventlog._files import Files

_FILES = Files()
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_PATIENCE = 2.0  # of those who asked for a file; a bot that saves has less
_POLL = 0.002


@frozen
class Content:
    """What the file held: its records, oldest first; or why there are none."""

    records: list[Any]
    gone: str | None = None
    """``missing``, ``corrupt``, or None for a file that can be read."""


def _parsed(data: bytes) -> Any:
    return json.loads(data.decode("utf-8-sig"))  # some editors begin a file with a mark


def read_records(path: Path, parse: Callable[[bytes], Any] = _parsed) -> Content:
    """The file's records. OSError when there is something that cannot be read as a file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(f"{path} is no file: move it away")  # a pipe would never answer
        data = path.read_bytes()
    except FileNotFoundError:
        return Content([], "missing")
    try:
        value = parse(data)
    except (ValueError, RecursionError):
        value = None
    return Content(value) if isinstance(value, list) else Content([], "corrupt")


class Pages:
    """The text of the records, made anew only for those that are new. Records must not change."""

    def __init__(self) -> None:
        self._records: list[Any] = []
        self._data = b"[]"
        self._texts: dict[int, tuple[Any, bytes]] = {}
        """By identity; the record is kept along, so that no other gets its own."""

    def encode(self, records: list[Any]) -> bytes:
        """As ``json.dumps(records, indent=2)``."""
        made = [self._texts.get(id(record)) or (record, _indented(record)) for record in records]
        self._texts = {id(record): (record, text) for record, text in made}
        lines = b",\n".join(text for _, text in made)
        self._records, self._data = records, b"[\n%b\n]" % lines if records else b"[]"
        return self._data

    def parse(self, data: bytes) -> Any:
        """The inverse: the same records for what was encoded last."""
        return self._records if data == self._data else _parsed(data)


def _indented(record: Any) -> bytes:
    return b"  " + json.dumps(record, indent=2).encode().replace(b"\n", b"\n  ")


@contextmanager
def locked(directory: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Keep other loggers, of this process or another, out of the directory's files.

    The directory is made when it is missing. TimeoutError, an OSError, after that many seconds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, directory, clock.monotonic() + patience)
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def _lock(descriptor: int, directory: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic() > until:
                raise TimeoutError(f"{directory}: another program holds it") from None
            clock.sleep(_POLL)
        else:
            return


def replace(path: Path, data: bytes) -> None:
    """Give the file this content, with the directory locked; a reader sees all of it or none.

    A link in its place is replaced, not followed. No flush to the disk: the log has it all.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with suppress(FileNotFoundError):
        _FILES.unlink(temporary)  # left by a process that was killed
    descriptor = os.open(temporary, _NEW, 0o666)
    try:
        try:
            _FILES.write(descriptor, data)
            _copy_mode(path, descriptor)
        finally:
            _FILES.close(descriptor)
        _FILES.rename(temporary, path)
    except BaseException:
        _FILES.unlink(temporary)
        raise


def _copy_mode(path: Path, descriptor: int) -> None:
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            os.fchmod(descriptor, stat.S_IMODE(mode))


def set_aside(path: Path) -> Path:
    """Give the file another name beside it, with the directory locked; the new name."""
    moment = clock.strftime("%Y%m%dT%H%M%SZ", clock.gmtime())
    number, aside = 0, path.with_name(f"{path.name}.corrupt-{moment}")
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{moment}-{number}")
    _FILES.rename(path, aside)
    return aside
