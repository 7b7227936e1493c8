"""States on disk, in the log's ``cache/``: derived, checked when read, and safe to delete.

A file is a line that says what its content is the state of, and then the content in parts, each
compressed. Whatever does not check out (another segment, projection or version, damage, half a
file) is as good as missing.

It is written under a name of its own, and then renamed. A kill in between leaves that file behind;
whoever keeps something later deletes it, once it is too old to be still written. Neither writing
nor reading holds more than a part in memory.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from threading import get_ident
from typing import IO, Any, Self

import msgspec
import zstandard
from attrs import frozen

from eventlog import EventLog
from projections._protocol import Projection

logger = logging.getLogger("eventlog")

_DIRECTORY = "partials"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_LARGEST = 1 << 30
_SPOOLED = 1 << 20
_CHUNK = 1 << 18
_UNFINISHED = ".tmp"
_ABANDONED_SECONDS = 3600  # nobody writes at one state for an hour


@frozen
class KeptHeader:
    """What a file holds."""

    projection: str
    version: int
    covers: str
    """Which events were folded."""
    ends: list[int]
    """Where each part ends, in stored bytes behind this line."""
    sha256: str
    """Of all that is stored behind this line."""


_header_of = msgspec.json.Decoder(KeptHeader).decode


class Kept:
    """What was found, intact. Its file is open, and each part is read when it is asked for."""

    def __init__(self, file: IO[bytes], covers: str, cuts: list[int]) -> None:
        self.covers = covers
        self._file = file
        self._cuts = cuts

    def part(self, number: int) -> bytes:
        """One part; ValueError when it is none, as in a file that somebody made up."""
        if number >= len(self):
            raise ValueError("there are too few parts")
        start, end = self._cuts[number : number + 2]
        try:
            self._file.seek(start)
            stored = self._file.read(end - start)
            if not 0 <= zstandard.frame_content_size(stored) < _LARGEST:
                raise ValueError("a part has no size, or an absurd one")
            return zstandard.ZstdDecompressor().decompress(stored, allow_extra_data=False)
        except (OSError, zstandard.ZstdError) as error:
            raise ValueError(f"a part cannot be read: {error}") from None

    def __len__(self) -> int:
        return len(self._cuts) - 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class PartialCache:
    """What is kept of one projection over one log. Works without a writable directory, too."""

    def __init__(self, log: EventLog, projection: Projection[Any, Any]) -> None:
        if not _NAME.fullmatch(projection.name):
            raise ValueError(f"projection name {projection.name!r}: use a-z, 0-9 and -")
        self._projection = projection
        self._directory = log.cache_path / _DIRECTORY / f"{projection.name}-{projection.version}"
        self._swept = False

    def get(self, name: str, covers: str) -> Kept | None:
        """What is kept under this name, when it is intact and of exactly these events."""
        found = self.read(name)
        if found is not None and found.covers != covers:
            found.close()
            return None
        return found

    def read(self, name: str) -> Kept | None:
        """What is kept under this name, to be closed; None when anything about it is not right."""
        try:
            file = (self._directory / name).open("rb")
        except OSError:
            return None
        try:
            found = self._checked(file)
        except (OSError, ValueError, RecursionError):
            found = None
        if found is None:
            file.close()
        return found

    def _checked(self, file: BufferedReader) -> Kept | None:
        header = _header_of(file.readline())
        start = file.tell()
        digest = file_digest(file, sha256).hexdigest()
        if header != self._header(header.covers, header.ends, digest):
            return None
        cuts = [start, *(start + end for end in header.ends)]
        if cuts != sorted(cuts) or cuts[-1] != file.tell():
            return None
        return Kept(file, header.covers, cuts)

    def put(self, name: str, covers: str, parts: Iterable[bytes]) -> None:
        """Keep something. A directory that cannot be written only means that nothing is kept."""
        with self.keeping(name, covers) as keep:
            for part in parts:
                keep(part)

    @contextmanager
    def keeping(self, name: str, covers: str) -> Iterator[Callable[[bytes], None]]:
        """The same, part by part; an error before the end means that nothing is kept."""
        content = SpooledTemporaryFile(_SPOOLED, dir=str(self._directory))  # noqa: SIM115
        try:
            writing = _Writing(content, is_possible=self._prepare())
            yield writing.add
            if writing.is_complete:
                header = self._header(covers, writing.ends, writing.hash.hexdigest())
                self._save(name, msgspec.json.encode(header), content)
        finally:
            with suppress(OSError):  # of writing what there was no room for
                content.close()

    def _prepare(self) -> bool:
        """Whether there is a directory to write in, without what nobody needs."""
        try:
            _make_private(self._directory)
            self._sweep()
        except OSError as error:
            _not_kept(error)
            return False
        return True

    def _save(self, name: str, header: bytes, content: IO[bytes]) -> None:
        temporary = self._directory / f"{name}.{os.getpid()}-{get_ident()}{_UNFINISHED}"
        try:
            content.seek(0)
            with open(temporary, "wb", opener=_open_private) as file:
                file.writelines((header, b"\n"))
                copyfileobj(content, file, _CHUNK)
            temporary.replace(self._directory / name)
        except OSError as error:
            _not_kept(error)
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete what killed processes left half written."""
        if self._swept:
            return
        self._swept = True
        for path in self._directory.glob(f"*{_UNFINISHED}"):
            with suppress(FileNotFoundError):  # another process was faster
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()

    def _header(self, covers: str, ends: list[int], digest: str) -> KeptHeader:
        name, version = self._projection.name, self._projection.version
        return KeptHeader(name, version, covers, ends, digest)


class _Writing:
    """Parts on their way into a file: small ones stay in memory until it is complete."""

    def __init__(self, content: IO[bytes], *, is_possible: bool) -> None:
        self._content = content
        self._compress = zstandard.ZstdCompressor(write_checksum=True).compress
        self.ends: list[int] = []
        self.hash = sha256()
        self.is_complete = is_possible

    def add(self, part: bytes) -> None:
        if not self.is_complete:
            return
        stored = self._compress(part)
        try:
            self._content.write(stored)
        except OSError as error:
            _not_kept(error)
            self.is_complete = False
        self.hash.update(stored)
        self.ends.append(len(stored) + (self.ends[-1] if self.ends else 0))


def _not_kept(error: OSError) -> None:
    logger.debug("a state was not kept: %s", error)


def _make_private(directory: Path) -> None:
    """The log's ``cache`` and all below it, for the log's owner alone. Never through a link."""
    for one in (*reversed(directory.parents[:2]), directory):
        if one.is_symlink():
            raise NotADirectoryError(f"a link: {one}")
        one.mkdir(mode=0o700, exist_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
