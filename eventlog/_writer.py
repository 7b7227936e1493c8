"""The one place that appends. Only it and the sealer change a log that is healthy.

Other processes may append to the same log: whoever does holds the writer's lock, and first takes in
what the others wrote.

Lock order: ``_lock`` (who writes next), then ``_turns`` (who brings bytes to the disk). A thread
that waits for the disk holds no lock, so others go on writing, and the next sync covers all that
they wrote: concurrent ``sync="always"`` appends share it.

A KeyboardInterrupt may come between any two instructions of the main thread. So both threads start
while the log opens, where nothing waits for them yet, and all waiting is done on plain locks.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Literal, get_args

from attrs import field, frozen
from attrs.validators import ge, gt, in_, le, optional

from eventlog import _forks
from eventlog._catalog import Catalog
from eventlog._codec import LineEncoder, Prepared
from eventlog._errors import (
    ClosedLogError,
    ConflictError,
    InvalidEventError,
    WriterFailedError,
)
from eventlog._files import Files
from eventlog._flusher import Flusher
from eventlog._format import IDENTITY_NAME, MAX_BATCH_BYTES
from eventlog._lease import Lease
from eventlog._lock import hold_writer_lock
from eventlog._names import parse_name, raw_name
from eventlog._recovery import catch_up, recover
from eventlog._sealer import Sealer
from eventlog._segments import RawSegment
from eventlog._turns import Turns

Sync = Literal["always", "interval", "never"]

_MAX_SEGMENT_BYTES = 1 << 38
"""A sealed segment has at most 2^20 frames, each of up to 1 MiB and hardly less than half."""


@frozen
class WriterOptions:
    """How a writer behaves; the meanings are in :meth:`EventLog.open`."""

    sync: Sync = field(validator=in_(get_args(Sync)))
    sync_interval: float = field(validator=gt(0))
    segment_bytes: int = field(validator=[ge(1), le(_MAX_SEGMENT_BYTES)])
    segment_events: int | None = field(validator=optional(ge(1)))
    segment_age: float | None = field(validator=optional(gt(0)))
    max_line_bytes: int = field(validator=ge(1))
    lock_timeout: float = field(validator=ge(0))


class LogWriter:
    """Appends batches to the active segment, rotates it, and hands full segments to the sealer."""

    def __init__(self, catalog: Catalog, files: Files, options: WriterOptions) -> None:
        self._catalog = catalog
        self._files = files
        self._options = options
        self._segment_bytes = options.segment_bytes
        self._has_other_limits = (options.segment_events, options.segment_age) != (None, None)
        self._is_always_synced = options.sync == "always"
        self.generation = _forks.generation
        self._lock = Lock()
        self._turns = Turns()
        self._synced = 0
        self._unfinished = False
        self._sync_failed = False
        self._closed = False
        self._closing = Lock()
        self._is_released = True
        self._foreign_through = 0
        self._segments = f"{catalog.directory}{os.sep}"
        self._writer_lock = hold_writer_lock(catalog.path, files, options.lock_timeout)
        try:
            self.recovered = recover(catalog, files)
            self.encoder = LineEncoder(catalog.identity.log_id, options.max_line_bytes)
            self._active = self.recovered.active
            self._active_bytes = self.recovered.size
            self._active_since = self._since(self._active)
            self._next = self.recovered.next_sequence
            self._descriptor = files.open_append(self._active.path)
            self._written = 0  # bytes, ever, through this writer
            self._lease = Lease(self._writer_lock, self._lock)
            self._sealer = Sealer(catalog, files)
            self._flusher = self._start_flusher()
        except BaseException:
            self._writer_lock.close()
            raise
        self._is_open = True
        self._is_released = False
        self._writer_lock.release()
        if self.recovered.unsealed:
            self._sealer.wake()

    def _start_flusher(self) -> Flusher | None:
        if self._options.sync != "interval":
            return None
        return Flusher(self._sync_all, self._options.sync_interval)

    @property
    def last_sequence(self) -> int:
        """Sequence of the last event, 0 when there is none."""
        return self._next - 1

    @property
    def is_healthy(self) -> bool:
        """Whether every write so far went well."""
        return not (self._unfinished or self._sync_failed)

    @property
    def foreign_through(self) -> int:
        """The last sequence up to which other processes may have written; see :meth:`hold`."""
        return self._foreign_through

    def lock(self) -> Lock:
        """For a caller that must look something up and write without another thread between."""
        return self._lock

    def append(self, batch: Sequence[Prepared], expected_sequence: int | None = None) -> int:
        """Write one batch; its first sequence. Durable as ``sync`` promises when this returns."""
        lease = self._lease
        with self._lock:
            try:
                # hold() and let_go(), without the calls: inside a burst they have nothing to do.
                if not lease.is_ready or self._closed or self._unfinished or self._sync_failed:
                    self.hold()
                first = self.append_held(batch, expected_sequence)
                lease.uses += 1
                if not lease.is_kept:
                    lease.used()
            except BaseException:
                self.give_up()
                raise
        if self._is_always_synced:
            self._sync_all()
        return first

    def hold(self) -> None:
        """With the lock: keep other processes out, and know what they wrote until now.

        Followed by :meth:`let_go`, or by :meth:`give_up` when anything went wrong, be it an
        interrupt between two instructions: nobody may have to wait for our next append.
        LockTimeoutError when the others don't leave in time.
        """
        if self._closed or self._unfinished or self._sync_failed:
            self._check_usable()
        if not self._lease.is_ready:
            self._lease.take()
            self._catch_up()
            self._lease.is_ready = True

    def let_go(self) -> None:
        """Let other processes in, now or at the end of a burst."""
        lease = self._lease
        lease.uses += 1
        if not lease.is_kept:
            lease.used()

    def give_up(self) -> None:
        """Let other processes in at once."""
        self._lease.give_up()

    def append_held(self, batch: Sequence[Prepared], expected_sequence: int | None = None) -> int:
        """Like :meth:`append`, for a caller that holds the log and will call make_durable."""
        first, events = self._next, len(batch)
        if expected_sequence is not None and expected_sequence != first - 1:
            raise self._conflict(expected_sequence)
        if events == 1:
            data = self.encoder.finish(batch[0], first, 1)
        else:
            data = self._encode(batch, first)
        length = len(data)
        size = self._active_bytes + length
        if (size > self._segment_bytes or self._has_other_limits) and self._is_full(size, events):
            self._rotate()
        self._unfinished = True  # and it stays so when anything interrupts the next lines
        try:
            self._files.write(self._descriptor, data)
        except OSError:
            # Poisoned all the same; but what was half written would hold a full disk's last space.
            with suppress(OSError):
                self._files.truncate(self._descriptor, self._active_bytes)
            raise
        self._written += length
        self._active_bytes += length
        self._next = first + events
        self._unfinished = False
        return first

    def _conflict(self, expected_sequence: int) -> ConflictError:
        return ConflictError(
            f"the log stands at sequence {self.last_sequence}, not at {expected_sequence}: "
            "read what was added, then decide again",
            path=self._catalog.path,
            sequence=self.last_sequence,
        )

    def _encode(self, batch: Sequence[Prepared], first: int) -> bytes:
        finish, last = self.encoder.finish, len(batch) - 1
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

    def _replaced(self) -> WriterFailedError:
        return WriterFailedError(
            "the log was deleted, or replaced by another, as a repair does: close it and open it "
            "again",
            path=self._catalog.path,
        )

    @property
    def is_inherited(self) -> bool:
        """Whether this is a forked child, which has neither the writer's threads nor a say."""
        return _forks.generation != self.generation

    def refuse_fork(self) -> None:
        """Refuse a forked child, before it waits for a lock that nobody will ever release."""
        raise ClosedLogError(
            "this log was opened by the parent process: open it again after a fork",
            path=self._catalog.path,
        )

    # Durability

    def make_durable(self) -> None:
        """Keep the promise of ``sync`` for everything written so far by this thread."""
        if self._is_always_synced:
            self._sync_all()

    def sync(self) -> None:
        """Bring everything to the disk, whatever ``sync`` promises, and let other processes in."""
        with self._lock:
            self._check_usable()
            self._lease.give_up()
        self._sync_all()

    def _sync_all(self) -> None:
        self._sync_to(self._written)

    def _sync_to(self, target: int) -> None:
        self._turns.run(self._sync, lambda: self._synced >= target, gather=True)

    def _sync(self) -> None:
        """Bring all that was written to the disk: in one's turn, and never again once it failed.

        The descriptor changes in a turn only, after a sync.
        """
        if self._sync_failed:
            raise self._poisoned()
        written = self._written
        try:
            self._files.sync(self._descriptor)
            if not self._writer_lock.is_current:  # then it is on the disk, but in no log
                raise self._replaced()
        except BaseException:
            self._sync_failed = True
            raise
        self._synced = written

    # Rotation

    def _is_full(self, size: int, more_events: int) -> bool:
        """Whether the active segment has no room for a batch, with which it had ``size`` bytes."""
        options, events = self._options, self._next - self._active.first_sequence
        if events == 0:
            self._active_since = time.monotonic()
            return False
        return (
            size > self._segment_bytes
            or (
                options.segment_events is not None and events + more_events > options.segment_events
            )
            or (
                options.segment_age is not None
                and time.monotonic() - self._active_since >= options.segment_age
            )
        )

    def _since(self, active: RawSegment) -> float:
        """Since when, on the monotonic clock, a segment has been active."""
        if self._options.segment_age is None:
            return 0.0
        return time.monotonic() - _age(self._catalog, active)

    def rotate(self) -> None:
        """Close the active segment and open the next; nothing happens to an empty one."""
        with self._lock:
            try:
                self.hold()
                if self._next > self._active.first_sequence:
                    self._rotate()
                self.let_go()
            except BaseException:
                self.give_up()
                raise

    def _rotate(self) -> None:
        """With the lock held."""
        self._turns.run(self._open_next, lambda: False)

    def _open_next(self) -> None:
        """The old segment is synced first, so that a hole before a later segment is corruption."""
        old = self._active
        path = old.path.with_name(raw_name(self._next))
        self._unfinished = True
        self._sync()
        full, self._descriptor = self._descriptor, self._files.create(path)
        self._files.sync_directory(path.parent)
        self._files.close(full)
        self._active = RawSegment(path, self._next, old.salt)
        self._active_bytes = 0
        self._sealer.wake()
        self._unfinished = False

    def seal(self) -> None:
        """Rotate, and return when every segment but the new active one is sealed."""
        self.rotate()
        self._sealer.finish()

    # Other processes

    @property
    def is_up_to_date(self) -> bool:
        """Whether nobody else has appended since this writer looked."""
        return self._lease.is_ready or self._is_unchanged()

    def _is_unchanged(self) -> bool:
        """Two looks at the disk: the active segment is as we left it, and none follows it."""
        path = self._active.path
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - on the path of every lone append
        except FileNotFoundError:
            return False
        is_empty = self._next == self._active.first_sequence
        return size == self._active_bytes and (
            is_empty or not os.path.exists(f"{self._segments}{raw_name(self._next)}")  # noqa: PTH110
        )

    def _catch_up(self) -> None:
        """Take in what others wrote while they had the lock."""
        if not self._writer_lock.is_current:
            self._unfinished = True  # for good: what is at our descriptor is no log any more
            raise self._replaced()
        if not self._is_unchanged():
            self._turns.run(self._read_on, lambda: False)

    def _read_on(self) -> None:
        self._unfinished = True
        active, tail = catch_up(
            self._catalog, self._files, self._active, self._active_bytes, self._next
        )
        if active.path == self._active.path:
            self._written += tail.end - self._active_bytes
        else:
            left, self._descriptor = self._descriptor, self._files.open_append(active.path)
            # What is in older segments is on the disk: nobody rotates without a sync.
            self._written += tail.end
            self._files.close(left)
            self._active_since = self._since(active)
        self._active, self._active_bytes = active, tail.end
        self._next = tail.next_sequence
        self._foreign_through = tail.next_sequence - 1
        self._unfinished = False

    # Ending

    def close(self) -> None:
        """Bring everything to the disk, finish sealing, let the next writer in.

        When it was interrupted, a second call does what is left.
        """
        if self.is_inherited:
            self._closed = self._is_released = True
            return
        with self._lock:
            self._closed = True
            self._lease.end()
        with self._closing:
            if not self._is_released:
                self._finish()

    def _finish(self) -> None:
        self._lease.join()
        if self._flusher is not None:
            self._flusher.stop()
        try:
            if self.is_healthy and self._options.sync != "never":
                self._sync_all()
        finally:
            if self._is_open:
                self._is_open = False
                self._files.close(self._descriptor)
            try:
                self._sealer.stop()
            finally:
                self._is_released = not self._sealer.is_running  # an interrupt may come here

    def __del__(self) -> None:
        if getattr(self, "_is_released", True) or sys.is_finalizing():
            return
        try:
            if not self.is_inherited:
                warnings.warn(f"{self!r} was never closed", ResourceWarning, stacklevel=2)
        finally:
            self.close()

    def __repr__(self) -> str:
        return f"<LogWriter {str(self._catalog.path)!r}>"


def _age(catalog: Catalog, active: RawSegment) -> float:
    """Seconds since the active segment followed its predecessor, or the log was created.

    Read off the file before it, so that writers that each append a little rotate by age as well.
    """
    for path in sorted(catalog.directory.iterdir(), reverse=True):
        known = parse_name(path.name)
        if known is not None and known[0] < active.first_sequence:
            with suppress(FileNotFoundError):  # sealed in this moment
                return max(0.0, time.time() - path.stat().st_mtime)
    return max(0.0, time.time() - (catalog.path / IDENTITY_NAME).stat().st_mtime)
