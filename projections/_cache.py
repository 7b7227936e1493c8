"""States on disk, in the log's ``cache/``: derived, checked when read, and safe to delete.

A file is a line that says what its content is the state of, and then the content in parts, each
compressed. Whatever does not check out (another segment, projection or version, damage, half a
file) is as good as missing.

It is written under a name of its own, and then renamed. A kill in between leaves that file behind;
whoever keeps something later deletes it, once it is too old to be still written.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from attrs import frozen

from eventlog import EventLog
from projections._protocol import Projection

logger = logging.getLogger("eventlog")

_DIRECTORY = "partials"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.ASCII)
_LARGEST = 1 << 30
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


@frozen
class Kept:
    """What was found, intact. Its parts are decompressed when they are asked for."""

    covers: str
    stored: list[bytes]

    def part(self, number: int) -> bytes:
        """One part; ValueError when it is none, as in a file that somebody made up."""
        if number >= len(self.stored):
            raise ValueError("there are too few parts")
        stored = self.stored[number]
        try:
            if not 0 <= zstandard.frame_content_size(stored) < _LARGEST:
                raise ValueError("a part has no size, or an absurd one")
            return zstandard.ZstdDecompressor().decompress(stored, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise ValueError(f"a part cannot be decompressed: {error}") from None

    def __len__(self) -> int:
        return len(self.stored)


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
        return found if found is not None and found.covers == covers else None

    def read(self, name: str) -> Kept | None:
        """What is kept under this name; None when anything about it is not right."""
        try:
            head, _, stored = (self._directory / name).read_bytes().partition(b"\n")
            header = _header_of(head)
        except (OSError, ValueError, RecursionError):
            return None
        if header != self._header(header.covers, header.ends, stored):
            return None
        cuts = [0, *header.ends]
        if cuts != sorted(cuts) or cuts[-1] != len(stored):
            return None
        return Kept(header.covers, [stored[a:b] for a, b in pairwise(cuts)])

    def put(self, name: str, covers: str, parts: Iterable[bytes]) -> None:
        """Keep something. A directory that cannot be written only means that nothing is kept."""
        compress = zstandard.ZstdCompressor(write_checksum=True).compress
        stored, ends = bytearray(), []
        for part in parts:
            stored += compress(part)
            ends.append(len(stored))
        header = msgspec.json.encode(self._header(covers, ends, stored))
        temporary = self._directory / f"{name}.{os.getpid()}{_UNFINISHED}"
        try:
            _make_private(self._directory)
            self._sweep()
            with open(temporary, "wb", opener=_open_private) as file:
                file.writelines((header, b"\n", stored))
            temporary.replace(self._directory / name)
        except OSError as error:
            logger.debug("a state was not kept: %s", error)
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

    def _header(self, covers: str, ends: list[int], stored: bytes | bytearray) -> KeptHeader:
        name, version = self._projection.name, self._projection.version
        return KeptHeader(name, version, covers, ends, sha256(stored).hexdigest())


def _make_private(directory: Path) -> None:
    """The log's ``cache`` and all below it, for the log's owner alone. Never through a link."""
    for one in (*reversed(directory.parents[:2]), directory):
        if one.is_symlink():
            raise NotADirectoryError(f"a link: {one}")
        one.mkdir(mode=0o700, exist_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
