"""Sealing: a raw segment becomes a compressed, hashed one, and a line in the manifest.

The order of the steps is in docs/log-format.md; a crash between any two reopens to the same log.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Literal
from weakref import ref

from eventlog._catalog import Catalog
from eventlog._check import is_intact
from eventlog._codec import commit_of, sequence_of
from eventlog._errors import DamagedLogError, LockTimeoutError
from eventlog._files import Files
from eventlog._lock import DirectoryLock
from eventlog._manifest_lines import Entry
from eventlog._names import TEMPORARY_SUFFIX, sealed_name
from eventlog._recovery import finish_sealing
from eventlog._seekable import compress_frames
from eventlog._segments import RawSegment, raise_damage
from eventlog._sums import SegmentSums
from eventlog._worker import Worker

logger = logging.getLogger("eventlog")

_PATIENCE_SECONDS = 60.0
_PIECE_BYTES = 2 << 10
_REST_SECONDS = 0.0001
_MOST_PIECES = 1 << 15
"""So sealing takes some seconds at most, while others may wait to seal or to prune."""
_MOST_WAITING = 2
"""More rotated segments than that: writing is faster than sealing with rests."""


Rest = Callable[[], bool]
"""Rests a moment; False when there is no time to."""


def _no_rest() -> bool:
    return False


def seal_segment(
    segment: RawSegment, catalog: Catalog, files: Files, rest: Rest = _no_rest
) -> None:
    """Seal one rotated segment, which must be the oldest that is not sealed."""
    sums = SegmentSums(segment.first_sequence)
    target = segment.path.with_name(sealed_name(segment.first_sequence))
    temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
    with segment.open() as file:
        digest, size = _write_compressed(_checked(segment, file, sums, rest), temporary, files)
    files.rename(temporary, target)
    files.sync_directory(target.parent)
    previous = catalog.manifest.previous
    record(sums.entry(stored_bytes=size, sha256=digest, previous=previous), catalog, files)
    files.unlink(segment.path)
    files.sync_directory(target.parent)


def _checked(
    segment: RawSegment, file: BufferedReader, sums: SegmentSums, rest: Rest
) -> Iterator[bytes]:
    """The segment's blocks, each checked and summed up before it goes on to be compressed."""
    is_whole = False
    size = max(_PIECE_BYTES, os.fstat(file.fileno()).st_size // _MOST_PIECES)
    for block in segment.blocks(file, 0, raise_damage):
        for piece in _pieces(block.data, size, rest):
            *lines, left = piece.split(b"\n")
            _check_lines(lines, segment, sums)
            sums.add(lines, len(piece))
        is_whole = not left and commit_of(lines[-1]) is not None
        yield block.data
    if not is_whole:
        raise DamagedLogError("a rotated segment ends inside a batch", path=segment.path)


def _pieces(data: bytes, size: int, rest: Rest) -> Iterator[bytes]:
    """The data in one piece, or in those of about ``size`` while there is time to rest between.

    Whoever appends meanwhile waits for the interpreter as long as a piece takes, and without a
    rest for the five milliseconds after which Python lets another thread in.
    """
    start = 0
    while start < len(data):
        end = len(data)
        if rest():
            end = data.find(b"\n", start + size) + 1 or end
        yield data[start:end]
        start = end


def _check_lines(lines: list[bytes], segment: RawSegment, sums: SegmentSums) -> None:
    expected = sums.first_sequence + sums.events
    for sequence, line in enumerate(lines, expected):
        if not is_intact(line, segment.salt) or sequence_of(line) != sequence:
            raise DamagedLogError(
                "a line of a rotated segment is damaged", path=segment.path, sequence=sequence
            )


def _write_compressed(blocks: Iterator[bytes], path: Path, files: Files) -> tuple[str, int]:
    if os.path.lexists(path):  # left by another process that was killed
        files.unlink(path)
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


def record(entry: Entry, catalog: Catalog, files: Files) -> None:
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


def seal_rotated(
    catalog: Catalog, files: Files, settled: int | None = None, rest: Rest = _no_rest
) -> int:
    """Seal every segment but the active one, oldest first, whichever process rotated it.

    The size of the manifest then. Given as ``settled`` the next time, it tells whether anybody else
    may have left something: finding that out takes a look at every segment of the log.
    """
    with DirectoryLock(catalog.directory) as lock:
        if not lock.acquire(_PATIENCE_SECONDS):
            raise LockTimeoutError(
                f"another process has been sealing for {_PATIENCE_SECONDS:g} s", path=catalog.path
            )
        catalog.refresh_manifest()
        if catalog.manifest.torn_from is not None or catalog.manifest.size != settled:
            finish_sealing(catalog, files)
        while rotated := catalog.snapshot().raw[:-1]:
            is_behind = len(rotated) > _MOST_WAITING
            for segment in rotated:
                seal_segment(segment, catalog, files, _no_rest if is_behind else rest)
        return catalog.manifest.size


_Queue = SimpleQueue[Lock | Literal[True] | None]
"""What the thread is told: seal, say that you came here, or (None) end."""


class Sealer:
    """Seals rotated segments on a thread of its own: an append never waits for it.

    After a failure nothing more is sealed: the manifest has no room for a gap, and what its last
    line looks like is for the next opening to find out. Unsealed segments stay raw, readable and
    complete.

    While it waits, the thread does not keep the sealer alive: one that nobody holds is given up.
    """

    def __init__(self, catalog: Catalog, files: Files) -> None:
        self._catalog = catalog
        self._files = files
        self._queue: _Queue = SimpleQueue()
        self._failure: Exception | None = None
        self._settled: int | None = None
        self._reported = False
        self._awaited = set[Lock]()
        self._worker = Worker(_run, ref(self), self._queue)

    @property
    def is_running(self) -> bool:
        """Whether the thread may still work on the log's files."""
        return self._worker.is_running

    def wake(self) -> None:
        """Seal what there is to seal."""
        self._queue.put(True)

    def finish(self) -> None:
        """Wait until all that was rotated before is sealed; raise what stopped it, if anything."""
        done = Lock()
        done.acquire()
        self._awaited.add(done)
        try:
            self._queue.put(done)
            done.acquire()
        finally:
            self._awaited.discard(done)
        if self._failure is not None:
            self._reported = True
            raise self._failure

    def stop(self) -> None:
        """Finish, and end the thread. Raises only what :meth:`finish` did not raise before."""
        self._awaited.add(Lock())
        self._queue.put(None)
        self._worker.join()
        if self._failure is not None and not self._reported:
            raise self._failure

    def _seal(self) -> None:
        """Seal what there is now, on the sealer's own thread; nothing after a failure."""
        if self._failure is not None:
            return
        try:
            self._settled = seal_rotated(self._catalog, self._files, self._settled, self._rest)
        except Exception as error:
            logger.error("%s: sealing failed: %s", self._catalog.path, error)
            self._failure = error

    def _rest(self) -> bool:
        """Nothing is urgent, unless somebody waits for the end."""
        if self._awaited:
            return False
        time.sleep(_REST_SECONDS)
        return True

    def __del__(self) -> None:
        if hasattr(self, "_queue"):  # an interrupt may have come before
            self._queue.put(None)


def _run(sealer_of: ref[Sealer], queue: _Queue) -> None:
    while (item := queue.get()) is not None:
        if item is True:
            sealer = sealer_of()
            if sealer is not None:
                sealer._seal()
            del sealer  # it would be held while we wait
        else:
            item.release()
