"""The bytes of one input: a file that can be read twice, or a stream that cannot."""

from __future__ import annotations

import os
import select
import stat
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

from eventlog.importing._errors import ImportInputError
from eventlog.importing._forms import LONGEST_SIGN, foreign_form

STDIN = "-"
BLOCK = 1024 * 1024


class Source(Protocol):
    """Bytes in order. ``rewind`` goes back to the first; ``last``: it will not be called again."""

    def read(self, size: int) -> bytes: ...
    def rewind(self, *, last: bool = False) -> None: ...
    def ready(self) -> bool:
        """Whether the next read will not have to wait."""
        ...

    def close(self) -> None: ...


class FileSource:
    """A regular file, up to the length that it has now.

    The bound keeps an import finite when its input grows meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._length = self._left = os.fstat(self._file.fileno()).st_size

    def read(self, size: int) -> bytes:
        block = self._file.read(min(size, self._left)) or b""
        self._left -= len(block)
        return block

    def rewind(self, *, last: bool = False) -> None:
        self._file.seek(0)
        self._left = self._length

    def ready(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()


class StreamSource:
    """A pipe or the like. What is read before the last ``rewind`` is kept in a temporary file."""

    def __init__(self, stream: BinaryIO, spool_in: Path, *, owned: bool) -> None:
        self._stream = stream
        self._owned = owned
        self._read_some: Callable[[int], bytes | None] = getattr(stream, "read1", stream.read)
        self._spool = tempfile.SpooledTemporaryFile(max_size=BLOCK, dir=str(spool_in))  # noqa: SIM115
        self._is_spooling = True
        self._unread = 0
        """Bytes of the temporary file that were not read again yet."""

    def read(self, size: int) -> bytes:
        if self._unread:
            block = self._spool.read(size)
            self._unread -= len(block)
            return block
        block = self._read_some(size) or b""
        if self._is_spooling:
            self._spool.write(block)
        else:
            self._spool.close()
        return block

    def rewind(self, *, last: bool = False) -> None:
        self._unread = self._spool.seek(0, os.SEEK_END)
        self._spool.seek(0)
        self._is_spooling = not last

    def ready(self) -> bool:
        return self._unread > 0 or _is_readable(self._stream)

    def close(self) -> None:
        self._spool.close()
        if self._owned:
            self._stream.close()


def _is_readable(stream: BinaryIO) -> bool:
    try:
        return bool(select.select([stream], [], [], 0)[0])
    except (OSError, ValueError):  # no descriptor behind it, or none that can be asked
        return False


def open_source(name: str, stdin: BinaryIO | None, spool_in: Path) -> Source:
    """The bytes of the input called ``name``; ``-`` is ``stdin``."""
    if name == STDIN and stdin is not None:
        return StreamSource(stdin, spool_in, owned=False)
    path = Path(name)
    try:
        if path.is_file():
            return FileSource(path)
        return StreamSource(path.open("rb", buffering=0), spool_in, owned=True)
    except OSError as error:
        raise unreadable(name, error) from error


def refuse_foreign_form(name: str, source: Source) -> None:
    """Fail on a compressed input, and on one in UTF-16. Rewind the source afterwards."""
    start = b""
    while len(start) < LONGEST_SIGN and (more := source.read(LONGEST_SIGN - len(start))):
        start += more
    if remedy := foreign_form(start):
        raise ImportInputError(f"this input {remedy}", path=name)


def unreadable(name: str, error: OSError) -> ImportInputError:
    """The error for an input that the system does not let us read."""
    return ImportInputError(f"cannot read this input: {error.strerror or error}", path=name)


def check_readable(names: Sequence[str], stdin: BinaryIO | None) -> None:
    """Fail on the first input that cannot be read, before any of them is imported."""
    if names.count(STDIN) > 1:
        raise ImportInputError("standard input can be imported only once")
    for name in names:
        if name != STDIN:
            _check_file(name)
        elif stdin is None:
            raise ImportInputError("standard input was named, and there is none")


def _check_file(name: str) -> None:
    try:
        mode = Path(name).stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImportInputError("an input is a directory: name the files in it", path=name)
        # A named pipe must not be opened just to look: its writer would lose its reader.
        if stat.S_ISREG(mode):
            with closing(FileSource(Path(name))) as source:
                refuse_foreign_form(name, source)
    except OSError as error:
        raise unreadable(name, error) from error


def total_bytes(inputs: Sequence[str | Path]) -> int | None:
    """How many bytes the inputs hold together; None when that cannot be known beforehand."""
    total = 0
    for name in inputs:
        try:
            found = Path(name).stat()
        except OSError:
            return None
        if str(name) == STDIN or not stat.S_ISREG(found.st_mode):
            return None
        total += found.st_size
    return total
