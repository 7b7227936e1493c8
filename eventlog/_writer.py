"""The one place that appends. Only it and the sealer change a log that is healthy.

Lock order: ``_lock`` (who writes next), then ``_turn`` (who brings bytes to the disk). A thread
that waits for the disk holds no lock, so others go on writing, and the next sync covers all that
they wrote: concurrent ``sync="always"`` appends share it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from threading import Condition, Lock, Thread
from threading import Event as Signal
from typing import Literal, get_args

from attrs import field, frozen
from attrs.validators import ge, gt, in_, optional

from eventlog._catalog import Catalog
from eventlog._codec import LineEncoder, Prepared
from eventlog._errors import (
    ClosedLogError,
    ConflictError,
    InvalidEventError,
    WriterFailedError,
)
from eventlog._files import Files
from eventlog._format import MAX_BATCH_BYTES
from eventlog._lock import WriterLock
from eventlog._names import raw_name
from eventlog._recovery import recover
from eventlog._sealer import Sealer
from eventlog._segments import RawSegment

Sync = Literal["always", "interval", "never"]


@frozen
class WriterOptions:
    """How a writer behaves; the meanings are in :meth:`EventLog.open`."""

    sync: Sync = field(validator=in_(get_args(Sync)))
    sync_interval: float = field(validator=gt(0))
    segment_bytes: int = field(validator=ge(1))
    segment_events: int | None = field(validator=optional(ge(1)))
    segment_age: float | None = field(validator=optional(gt(0)))
    max_line_bytes: int = field(validator=ge(1))
    lock_timeout: float = field(validator=ge(0))


@frozen
class _Position:
    """The active descriptor, and how many bytes were ever written through this writer."""

    descriptor: int
    written: int


class LogWriter:
    """Appends batches to the active segment, rotates it, and hands full segments to the sealer."""

    def __init__(self, catalog: Catalog, files: Files, options: WriterOptions) -> None:
        self._catalog = catalog
        self._files = files
        self._options = options
        self._process = os.getpid()
        self._writer_lock = WriterLock(catalog.path, files, options.lock_timeout)
        try:
            self.recovered = recover(catalog, files)
            descriptor = files.open_append(self.recovered.active.path)
        except BaseException:
            self._writer_lock.release()
            raise
        self.encoder = LineEncoder(catalog.identity.log_id, options.max_line_bytes)
        self._lock = Lock()
        self._turn = Condition(Lock())
        self._syncing = False
        self._position = _Position(descriptor, 0)
        self._synced = 0
        self._active = self.recovered.active
        self._active_bytes = self.recovered.size
        self._active_since = time.monotonic()
        self._next = self.recovered.next_sequence
        self._unfinished = False
        self._sync_failed = False
        self._closed = False
        self._sealer = Sealer(catalog, files)
        for segment in self.recovered.unsealed:
            self._sealer.submit(segment)
        self._stop_flushing = Signal()
        self._flusher: Thread | None = None

    @property
    def last_sequence(self) -> int:
        """Sequence of the last event, 0 when there is none."""
        return self._next - 1

    @property
    def is_healthy(self) -> bool:
        """Whether every write so far went well."""
        return not (self._unfinished or self._sync_failed)

    def lock(self) -> Lock:
        """For a caller that must look something up and write without another thread between."""
        return self._lock

    def append(self, batch: Sequence[Prepared], expected_sequence: int | None = None) -> int:
        """Write one batch; its first sequence. Durable as ``sync`` promises when this returns."""
        with self._lock:
            first = self.append_locked(batch, expected_sequence)
        self.make_durable()
        return first

    def append_locked(self, batch: Sequence[Prepared], expected_sequence: int | None = None) -> int:
        """Like :meth:`append`, for a caller that holds the lock and will call make_durable."""
        self._check_usable()
        if expected_sequence is not None and expected_sequence != self._next - 1:
            raise ConflictError(
                f"the log stands at sequence {self._next - 1}, not at {expected_sequence}: "
                "read what was added, then decide again",
                path=self._catalog.path,
                sequence=self._next - 1,
            )
        first = self._next
        data = self._encode(batch, first)
        if self._is_full(len(data), len(batch)):
            self._rotate()
        position = self._position
        self._unfinished = True  # and it stays so when anything interrupts the next lines
        try:
            self._files.write(position.descriptor, data)
        except OSError:
            # Poisoned all the same; but what was half written would hold a full disk's last space.
            with suppress(OSError):
                self._files.truncate(position.descriptor, self._active_bytes)
            raise
        self._position = _Position(position.descriptor, position.written + len(data))
        self._active_bytes += len(data)
        self._next = first + len(batch)
        self._unfinished = False
        return first

    def _encode(self, batch: Sequence[Prepared], first: int) -> bytes:
        finish = self.encoder.finish
        if len(batch) == 1:
            return finish(batch[0], first, 1)
        last = len(batch) - 1
        data = b"".join(
            [finish(one, first + i, None if i < last else last + 1) for i, one in enumerate(batch)]
        )
        if len(data) > MAX_BATCH_BYTES:
            raise InvalidEventError(
                f"a batch of {len(data):,} bytes, where {MAX_BATCH_BYTES:,} are allowed: "
                "append it in parts"
            )
        return data

    def _check_usable(self) -> None:
        """Refuse a poisoned writer: what is on the disk is not known, and nothing is retried.

        A second fsync may report success for bytes that the first one lost.
        """
        if self._closed:
            raise ClosedLogError("the log is closed", path=self._catalog.path)
        if not self.is_healthy:
            raise self._poisoned()

    def _poisoned(self) -> WriterFailedError:
        return WriterFailedError(
            "an earlier write failed or was interrupted: close this log and open it again",
            path=self._active.path,
        )

    def check_process(self) -> None:
        """Refuse a forked child, before it waits for a lock that nobody will ever release."""
        if os.getpid() != self._process:
            raise ClosedLogError(
                "this log was opened by the parent process: open it again after a fork",
                path=self._catalog.path,
            )

    # Durability

    def make_durable(self) -> None:
        """Keep the promise of ``sync`` for everything written so far by this thread."""
        if self._options.sync == "always":
            self._sync_to(self._position.written)
        elif self._options.sync == "interval" and self._flusher is None:
            self._start_flushing()

    def _sync_to(self, target: int) -> None:
        if self._wait_for_turn(target):
            try:
                self._sync()
            finally:
                self._end_turn()

    def _wait_for_turn(self, target: float) -> bool:
        """Whether this thread is to sync now; False when another's sync covered its bytes.

        All that waited wake together and write again, so that the next sync is shared as well.
        """
        with self._turn:
            while self._syncing and self._synced < target:
                self._turn.wait()
            if self._synced >= target:
                return False
            self._syncing = True
            return True

    def _end_turn(self) -> None:
        with self._turn:
            self._syncing = False
            self._turn.notify_all()

    def _sync(self) -> None:
        """Bring all that was written to the disk: in one's turn, and never again once it failed."""
        if self._sync_failed:
            raise self._poisoned()
        position = self._position
        try:
            self._files.sync(position.descriptor)
        except BaseException:
            self._sync_failed = True
            raise
        self._synced = position.written

    def _start_flushing(self) -> None:
        with self._lock:
            if self._flusher is None and not self._closed:
                self._flusher = Thread(target=self._flush, name="eventlog-flusher", daemon=True)
                self._flusher.start()

    def _flush(self) -> None:
        while not self._stop_flushing.wait(self._options.sync_interval):
            try:
                self._sync_to(self._position.written)
            except (OSError, WriterFailedError, ClosedLogError):
                return  # the writer is poisoned: the next append says so

    # Rotation

    def _is_full(self, more_bytes: int, more_events: int) -> bool:
        options, events = self._options, self._next - self._active.first_sequence
        if events == 0:
            self._active_since = time.monotonic()
            return False
        return (
            self._active_bytes + more_bytes > options.segment_bytes
            or (
                options.segment_events is not None and events + more_events > options.segment_events
            )
            or (
                options.segment_age is not None
                and time.monotonic() - self._active_since >= options.segment_age
            )
        )

    def rotate(self) -> None:
        """Close the active segment and open the next; nothing happens to an empty one."""
        with self._lock:
            self._check_usable()
            if self._next > self._active.first_sequence:
                self._rotate()

    def _rotate(self) -> None:
        """The old segment is synced first, so that a hole before a later segment is corruption."""
        self._wait_for_turn(inf)
        try:
            old, position = self._active, self._position
            path = old.path.with_name(raw_name(self._next))
            self._unfinished = True
            self._sync()
            descriptor = self._files.create(path)
            self._files.sync_directory(path.parent)
            self._files.close(position.descriptor)
            self._position = _Position(descriptor, position.written)
            self._active = RawSegment(path, self._next, old.salt)
            self._active_bytes = 0
            self._unfinished = False
        finally:
            self._end_turn()
        self._sealer.submit(old)

    def seal(self) -> None:
        """Rotate, and return when every segment but the new active one is sealed."""
        self.rotate()
        self._sealer.finish()

    def close(self) -> None:
        """Bring everything to the disk, finish sealing, let the next writer in."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._stop_flushing.set()
        if self._flusher is not None:
            self._flusher.join()
        try:
            if self._process == os.getpid():  # a forked child has neither the threads nor a say
                self._close_active()
        finally:
            self._writer_lock.release()

    def _close_active(self) -> None:
        try:
            if self.is_healthy and self._options.sync != "never":
                self._sync_to(self._position.written)
        finally:
            self._files.close(self._position.descriptor)
            # Also when the writer failed: whoever gets the lock next must not meet our sealer.
            self._sealer.stop()
