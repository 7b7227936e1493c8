"""Messages from a file that a program writes to: its log, or its output."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec
from attrs import define

from sessions.recovery._files import read_bounded, write_whole

logger = logging.getLogger("sessions.recovery")

MOST_LINE_BYTES = 64 << 10
"""A longer line comes in pieces."""
_TAIL_BYTES = 64
_MOST_POSITION_BYTES = 4096


@define
class _Position:
    """How far a file was read."""

    inode: int = 0
    offset: int = 0
    tail: bytes = b""
    """What stood just before the offset: a file that was written anew has something else there."""


class FileMessages:
    """The new lines of a file at each call, from its beginning; whole lines only.

    A file that was renamed, with a new one in its place, is read to its end first. One that was
    cut, or written anew, is read from its beginning. A file that is not there has no lines.
    With ``position_file`` the place is kept there when all new lines have been taken, so that the
    next process goes on from it; killed before that, it gets some lines again.

    Threads must not share one. Close it, or use it in a ``with`` statement.

    Example::

        from sessions.recovery import FileMessages, SessionRecoveryEngine

        with FileMessages("worker.log") as messages:
            engine = SessionRecoveryEngine(messages=messages)
            print(engine.detect_crashes())
    """

    def __init__(
        self, path: str | os.PathLike[str], *, position_file: str | os.PathLike[str] | None = None
    ) -> None:
        self.path = Path(path)
        self._position_file = None if position_file is None else Path(position_file)
        self._position = _Position()
        self._file: BinaryIO | None = None
        if self._position_file is not None:
            self._position = _stored_position(self._position_file)

    def __call__(self) -> Iterator[str]:
        """The lines that came since the last call. OSError when the file cannot be read."""
        return self._new_lines(to_end=False)

    def rest(self) -> Iterator[str]:
        """The same, with a last line that has no end: for when the program has ended."""
        return self._new_lines(to_end=True)

    def _new_lines(self, *, to_end: bool) -> Iterator[str]:
        is_another = self._is_another()
        if self._file is not None:
            yield from self._lines(self._file, to_end=to_end or is_another)
        if is_another:
            self.close()
            self._file = self._open()
            if self._file is not None:
                yield from self._lines(self._file, to_end=to_end)
        self._keep_position()

    def close(self) -> None:
        """Close the file; a later call opens it again, at the same place."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> FileMessages:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _is_another(self) -> bool:
        """Whether the file at the path is not the one that is open."""
        if self._file is None:
            return True
        try:
            return self.path.stat().st_ino != self._position.inode
        except FileNotFoundError:
            return False  # between renaming the old one and making the new one

    def _open(self) -> BinaryIO | None:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        file = open(descriptor, "rb", buffering=0)  # noqa: SIM115 - kept open over calls
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            file.close()
            raise OSError(f"{self.path} is no plain file")
        if status.st_ino != self._position.inode:
            self._position = _Position(status.st_ino)
        return file

    def _lines(self, file: BinaryIO, *, to_end: bool) -> Iterator[str]:
        """What follows the position; ``to_end`` takes a last line that has no end as well."""
        position = self._position
        before = os.pread(file.fileno(), len(position.tail), position.offset - len(position.tail))
        if before != position.tail:
            logger.warning("%s was cut or written anew: read from its beginning", self.path)
            position.offset, position.tail = 0, b""
        while block := os.pread(file.fileno(), MOST_LINE_BYTES, position.offset):
            end = block.rfind(b"\n") + 1
            if not end and len(block) < MOST_LINE_BYTES and not to_end:
                return
            for line in block[: end or None].splitlines(keepends=True):
                position.offset += len(line)
                position.tail = (position.tail + line)[-_TAIL_BYTES:]
                yield line.decode(errors="replace").rstrip("\r\n")

    def _keep_position(self) -> None:
        if self._position_file is not None:
            write_whole(self._position_file, msgspec.json.encode(self._position))


def _stored_position(path: Path) -> _Position:
    try:
        content = read_bounded(path, _MOST_POSITION_BYTES)
        position = msgspec.json.decode(content, type=_Position)
        if len(position.tail) <= position.offset:
            return position
        reason = "its offset is impossible"
    except FileNotFoundError:
        return _Position()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        reason = str(error)
    logger.warning("%s: the messages are read from their beginning: %s", path, reason)
    return _Position()
