"""Partials on disk, in the log's ``cache/``: derived, checked when read, and safe to delete.

A file holds one state, compressed, behind a line that says what it is the state of. Whatever does
not check out (another segment, projection or version, damage, half a file) is as good as missing.

A state is written to a file of its own, which is then renamed. A kill in between leaves that file
behind; whoever keeps a state later deletes it, once it is too old to be still written.
"""

from __future__ import annotations

import logging
import os
import re
import time
from contextlib import suppress
from hashlib import sha256
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
class PartialHeader:
    """What a cached state is the state of."""

    projection: str
    version: int
    covers: str
    """SHA-256 of the segment, or of the chain of segments, that was folded."""
    state_sha256: str


class PartialCache:
    """The cached states of one projection over one log. Works without a writable directory, too."""

    def __init__(self, log: EventLog, projection: Projection[Any, Any]) -> None:
        if not _NAME.fullmatch(projection.name):
            raise ValueError(f"projection name {projection.name!r}: use a-z, 0-9 and -")
        self._projection = projection
        self._directory = log.cache_path / _DIRECTORY / f"{projection.name}-{projection.version}"
        self._swept = False

    def get(self, name: str, covers: str) -> bytes | None:
        """The state's JSON, when there is an intact one for exactly this."""
        found = self.read(name)
        return found[1] if found is not None and found[0] == covers else None

    def read(self, name: str) -> tuple[str, bytes] | None:
        """What the file's state covers, and its JSON; None when anything about it is not right."""
        try:
            stored = (self._directory / name).read_bytes()
            if not 0 < zstandard.frame_content_size(stored) < _LARGEST:
                return None
            head, _, state = zstandard.ZstdDecompressor().decompress(stored).partition(b"\n")
            header = msgspec.json.decode(head, type=PartialHeader)
        except (OSError, zstandard.ZstdError, ValueError, RecursionError):
            return None
        return (header.covers, state) if header == self._header(header.covers, state) else None

    def put(self, name: str, covers: str, state: bytes) -> None:
        """Keep a state. A directory that cannot be written only means that nothing is kept."""
        content = msgspec.json.encode(self._header(covers, state)) + b"\n" + state
        stored = zstandard.ZstdCompressor(write_checksum=True).compress(content)
        temporary = self._directory / f"{name}.{os.getpid()}{_UNFINISHED}"
        try:
            _make_private(self._directory)
            self._sweep()
            with open(temporary, "wb", opener=_open_private) as file:
                file.write(stored)
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

    def _header(self, covers: str, state: bytes) -> PartialHeader:
        projection = self._projection
        return PartialHeader(projection.name, projection.version, covers, sha256(state).hexdigest())


def _make_private(directory: Path) -> None:
    """The log's ``cache`` and all below it, for the log's owner alone. Never through a link."""
    for one in (*reversed(directory.parents[:2]), directory):
        if one.is_symlink():
            raise NotADirectoryError(f"a link: {one}")
        one.mkdir(mode=0o700, exist_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
