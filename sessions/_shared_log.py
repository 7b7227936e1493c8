"""The log that the session systems of one process record into, all of them into the same one.

Recording is part of other people's work, so it must not stop that work: an event that can't be
written now (a full disk, say) is kept in memory, and a thread writes it later, in order.
What is wrong with the event itself is raised at once.
"""

from __future__ import annotations

import atexit
import logging
import os
import time as clock
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from eventlog import (
    STANDARD_TYPES,
    ClosedLogError,
    DamagedLogError,
    Event,
    EventLog,
    EventLogError,
    LockTimeoutError,
    LogNotFoundError,
    NewEvent,
    WriterFailedError,
)
from eventlog._values import encode_data
from sessions._guards import Guard

logger = logging.getLogger("sessions")

ENVIRONMENT_NAME = "EVENTLOG_DIR"
DEFAULT_NAME = "activity.eventlog"
SYNC_INTERVAL = 0.05
"""Seconds of recording that a power loss may take. A killed process loses nothing."""

LOCK_TIMEOUT = 2.0
"""Seconds that recording waits at most, and once, for other processes that hold the log.

They hold it for moments, and for about a second while they open a log with a large active segment.
"""

MOST_WAITING = 100_000
"""Events kept in memory while the log can't be written; what comes after them is lost, and said."""

_RETRY_SECONDS = 1.0

# What stands in the way now and may be gone later. All else is the event's or the caller's fault.
_UNWRITABLE = (
    OSError, LockTimeoutError, WriterFailedError, ClosedLogError, DamagedLogError,
)  # fmt: skip


class SharedLog:
    """Records into the log at one path, opened by the first event; threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log: EventLog | None = None
        self._waiting: deque[NewEvent] = deque()
        self._lost = 0
        self._is_troubled = False
        self._writer: Thread | None = None
        """Writes what waits, as long as anything does."""
        self._writing = Guard()  # around opening, closing, and writing what waits; may take long
        self._queueing = Guard()  # around what waits and whose turn it is; held for moments

    # Writing

    def record(
        self,
        event: object,
        data: Mapping[str, Any] | None = None,
        *,
        subject: str,
        source: str,
        time: datetime | None = None,
        id: str | None = None,  # noqa: A002 - the name of the CloudEvents attribute
    ) -> int | None:
        """Append one event as :meth:`EventLog.append` does; its sequence.

        None when the log can't be written now: the event waits, and goes into the log before
        anything that is recorded later. Waits for the disk only when a segment is full.

        Errors: InvalidEventError for an event that no log takes, ConflictError for an ``id`` that
        belongs to another event.
        """
        for _ in range(2):
            log = None if self._waiting else self._log or self._opened()
            if log is None:
                break
            try:
                return log.append(event, data, subject=subject, source=source, time=time, id=id)
            except (WriterFailedError, ClosedLogError) as error:
                # Nothing of this event was written. Deleted, moved or closed by another thread:
                # the path may have a log again as soon as it is opened.
                logger.error("%s: opened again: %s", self.path, error)
                self._close_failed(log)
            except _UNWRITABLE as error:
                self._give_up(log, error)
        if not isinstance(event, str):
            event, _, data = STANDARD_TYPES.dump(event)
        # Checked and copied now: the caller's data may change while the event waits.
        data = msgspec.json.decode(encode_data(data or {}))
        moment = time or datetime.now(UTC)
        self._wait(NewEvent(event, data, subject=subject, source=source, id=id, time=moment))
        return None

    def _opened(self) -> EventLog | None:
        """The open log; None when it can't be opened now."""
        with self._writing:
            try:
                if self._log is None:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    self._log = EventLog.open(
                        self.path,
                        sync="interval",
                        sync_interval=SYNC_INTERVAL,
                        lock_timeout=LOCK_TIMEOUT,
                    )
            except (OSError, EventLogError) as error:
                self._report(error)
            return self._log

    def _wait(self, event: NewEvent) -> None:
        with self._queueing:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(event)
            else:
                self._lost += 1
                logger.error(
                    "%s: %d events are waiting, and one more is lost (%d so far)",
                    self.path, MOST_WAITING, self._lost,
                )  # fmt: skip
            if self._writer is None:
                self._writer = Thread(
                    target=self._write_later, name="eventlog-waiting", daemon=True
                )
                self._writer.start()

    def _write_later(self) -> None:
        while True:
            clock.sleep(_RETRY_SECONDS)
            self.flush()
            with self._queueing:
                if not self._waiting:
                    self._writer = None
                    return

    def flush(self) -> bool:
        """Write what is waiting; whether nothing waits any more."""
        with self._writing:
            while self._waiting:
                log = self._opened()
                if log is None:
                    return False
                try:
                    log.extend([self._waiting[0]])
                except _UNWRITABLE as error:
                    self._give_up(log, error)
                    return False
                except EventLogError as error:
                    logger.error("%s: refused an event that had waited: %s", self.path, error)
                self._waiting.popleft()
            if self._is_troubled:
                self._is_troubled = False
                logger.warning("%s: what had waited is written", self.path)
            return True

    @property
    def waiting(self) -> int:
        """How many events could not be written yet."""
        return len(self._waiting)

    def _give_up(self, log: EventLog, error: Exception) -> None:
        """Close a log that does not write any more; a later event opens it again."""
        self._report(error)
        if not isinstance(error, LockTimeoutError):  # else nothing is wrong with the log itself
            self._close_failed(log)

    def _close_failed(self, log: EventLog) -> None:
        with self._writing:
            if self._log is not log:
                return  # another thread was faster
            self._log = None
            try:
                log.close()
            except (OSError, EventLogError) as closing:
                logger.error("%s: closing failed as well: %s", self.path, closing)

    def _report(self, error: Exception) -> None:
        if not self._is_troubled:
            self._is_troubled = True
            logger.error("%s: not written now, kept in memory: %s", self.path, error)

    # Reading

    def read(self, **query: Any) -> Iterator[Event]:
        """The events that match, as :meth:`EventLog.read` gives them; none when there is no log.

        What waits in memory is not among them: :meth:`flush` first.
        """
        with self.opened() as log:
            if log is not None:
                yield from log.read(**query)

    def opened(self) -> _Reading:
        """A context with the log to read or project, or None when there is none yet."""
        return _Reading(self)

    # Ending

    def settle(self) -> bool:
        """Bring everything to the disk; whether that went well. The log stays open for others."""
        with self._writing:
            written, log = self.flush(), self._log
            if log is None:
                return written
            try:
                log.sync()
            except _UNWRITABLE as error:
                self._give_up(log, error)
                return False
            return written

    def close(self) -> None:
        """Bring everything to the disk, and close the log. Recording opens it again."""
        with self._writing:
            self.flush()
            if self._waiting:
                logger.error("%s: %d events could not be written", self.path, len(self._waiting))
            log, self._log = self._log, None
            if log is not None:
                log.close()

    def forget(self) -> None:
        """In a forked child: the log and what waits belong to the parent."""
        self._log = self._writer = None
        self._is_troubled = False
        self._waiting.clear()


class _Reading:
    """A context: the shared log where it is open, else one opened for reading alone."""

    def __init__(self, shared: SharedLog) -> None:
        self._shared = shared
        self._own: EventLog | None = None

    def __enter__(self) -> EventLog | None:
        shared = self._shared
        if shared._log is not None:
            return shared._log
        try:
            self._own = EventLog.open(shared.path, readonly=True)
        except LogNotFoundError:
            return None
        return self._own

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()


_shared: dict[Path, SharedLog] = {}


def log_path(given: str | Path | None = None) -> Path:
    """Where the log is: the argument, or EVENTLOG_DIR, or a directory below the current one.

    Absolute, so that a later change of the working directory moves nothing.
    """
    chosen = given or os.environ.get(ENVIRONMENT_NAME) or DEFAULT_NAME
    return Path(os.path.realpath(Path(chosen).expanduser()))


def shared_log(given: str | Path | None = None) -> SharedLog:
    """The process's one :class:`SharedLog` for this path."""
    path = log_path(given)
    return _shared.setdefault(path, SharedLog(path))


def close_shared_logs() -> None:
    """Close every shared log; runs by itself when the process ends in order."""
    for log in list(_shared.values()):
        try:
            log.close()
        except (OSError, EventLogError) as error:
            logger.error("%s: closing failed: %s", log.path, error)


def _forget_in_child() -> None:
    for log in _shared.values():
        log.forget()


atexit.register(close_shared_logs)
os.register_at_fork(after_in_child=_forget_in_child)
