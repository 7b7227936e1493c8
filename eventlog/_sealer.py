"""Sealing: a raw segment becomes a compressed, hashed one, and a line in the manifest.

The order of the steps is in docs/log-format.md; a crash between any two reopens to the same log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Signal
from threading import Thread

from attrs import define, field

from eventlog._catalog import Catalog
from eventlog._check import is_intact
from eventlog._codec import commit_of, sequence_of, time_of
from eventlog._errors import DamagedLogError
from eventlog._files import Files
from eventlog._manifest import SealedEntry
from eventlog._merkle import MerkleTree
from eventlog._names import TEMPORARY_SUFFIX, sealed_name
from eventlog._seekable import compress_frames
from eventlog._segments import RawSegment, raise_damage

logger = logging.getLogger("eventlog")


@define
class _Contents:
    """What is learned about a segment while its lines pass."""

    segment: RawSegment
    expected: int
    raw_bytes: int = 0
    first_time: bytes = b"~"
    last_time: bytes = b""
    whole: bool = True
    merkle: MerkleTree = field(factory=MerkleTree)

    def blocks(self, file: BufferedReader) -> Iterator[bytes]:
        """The segment's blocks, each checked before it goes on."""
        for block in self.segment.blocks(file, 0, raise_damage):
            lines = block.data.split(b"\n")
            self.whole = lines.pop() == b""
            self._check(lines, block.offset)
            times = [time_of(line) for line in lines]
            self.first_time = min(self.first_time, *times)
            self.last_time = max(self.last_time, *times)
            self.merkle.extend(lines)
            self.raw_bytes += len(block.data)
            yield block.data
        if not self.whole:
            self._refuse("a rotated segment ends inside a batch", self.raw_bytes)

    def _check(self, lines: list[bytes], offset: int) -> None:
        for line in lines:
            if not is_intact(line, self.segment.salt) or sequence_of(line) != self.expected:
                self._refuse("a line of a rotated segment is damaged", offset)
            self.expected += 1
            offset += len(line) + 1
        self.whole = self.whole and commit_of(lines[-1]) is not None

    def _refuse(self, message: str, offset: int) -> None:
        raise DamagedLogError(
            message, path=self.segment.path, offset=offset, sequence=self.expected
        )


def seal_segment(segment: RawSegment, catalog: Catalog, files: Files) -> None:
    """Seal one rotated segment, which must be the oldest that is not sealed."""
    contents = _Contents(segment, segment.first_sequence)
    target = segment.path.with_name(sealed_name(segment.first_sequence))
    temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
    with segment.open() as file:
        digest, stored_bytes = _write_compressed(contents.blocks(file), temporary, files)
    files.rename(temporary, target)
    files.sync_directory(target.parent)
    record(_entry(contents, target.name, digest, stored_bytes, catalog), catalog, files)
    files.unlink(segment.path)
    files.sync_directory(target.parent)


def _write_compressed(blocks: Iterator[bytes], path: Path, files: Files) -> tuple[str, int]:
    path.unlink(missing_ok=True)
    descriptor = files.create(path)
    try:
        hashing, size = sha256(), 0
        for piece in compress_frames(blocks):
            files.write(descriptor, piece)
            hashing.update(piece)
            size += len(piece)
        files.sync(descriptor)
    finally:
        files.close(descriptor)
    return hashing.hexdigest(), size


def _entry(
    contents: _Contents, name: str, digest: str, stored_bytes: int, catalog: Catalog
) -> SealedEntry:
    first = contents.segment.first_sequence
    return SealedEntry(
        record="sealed",
        segment=name,
        first_sequence=first,
        last_sequence=contents.expected - 1,
        events=contents.expected - first,
        first_time=contents.first_time.decode(),
        last_time=contents.last_time.decode(),
        raw_bytes=contents.raw_bytes,
        stored_bytes=stored_bytes,
        sha256=digest,
        merkle_root=contents.merkle.root().hex(),
        previous=catalog.manifest.previous,
    )


def record(entry: SealedEntry, catalog: Catalog, files: Files) -> None:
    """Append a line to the manifest; it is on disk when this returns."""
    line = catalog.manifest.encode_next(entry)
    path = catalog.manifest.path
    if path.exists():
        descriptor = files.open_append(path)
    else:
        descriptor = files.create(path)
        files.sync_directory(path.parent)
    try:
        files.write(descriptor, line)
        files.sync(descriptor)
    finally:
        files.close(descriptor)
    catalog.refresh_manifest()


class Sealer:
    """Seals rotated segments in their order, on a thread of its own: an append never waits.

    After a failure nothing more is sealed: the manifest has no room for a gap, and what its last
    line looks like is for the next opening to find out. Unsealed segments stay raw, readable and
    complete.
    """

    def __init__(self, catalog: Catalog, files: Files) -> None:
        self._catalog = catalog
        self._files = files
        self._queue: SimpleQueue[RawSegment | Signal | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._failure: Exception | None = None
        self._reported = False

    def submit(self, segment: RawSegment) -> None:
        """Seal this segment when those before it are done. One caller at a time."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="eventlog-sealer", daemon=True)
            self._thread.start()
        self._queue.put(segment)

    def finish(self) -> None:
        """Wait for all that was submitted; raise what stopped it, if anything did."""
        if self._thread is not None:
            done = Signal()
            self._queue.put(done)
            done.wait()
        if self._failure is not None:
            self._reported = True
            raise self._failure

    def stop(self) -> None:
        """Finish, and end the thread. Raises only what :meth:`finish` did not raise before."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        if self._failure is not None and not self._reported:
            raise self._failure

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, Signal):
                item.set()
            elif self._failure is None:
                self._seal(item)

    def _seal(self, segment: RawSegment) -> None:
        try:
            seal_segment(segment, self._catalog, self._files)
        except Exception as error:
            logger.error("sealing %s failed: %s", segment.path, error)
            self._failure = error
