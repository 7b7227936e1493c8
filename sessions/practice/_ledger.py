"""What is known of every practice session of a log, and the one way to record more of it.

The log decides; this is a fold of it. What this process records is taken in as it is recorded, so
that answers hold while the log can't be written, too.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from attrs import define

from eventlog import Event, EventLog, EventLogError
from eventlog._format import IDENTITY_NAME
from sessions._shared_log import SharedLog, log_path, shared_log
from sessions.practice._names import ENDED, MEASURED, STARTED, is_ours, is_session_id
from sessions.practice._rows import Row, ended_columns, started_row
from sessions.practice._tally import Tally
from sessions.practice._values import enabled

if TYPE_CHECKING:
    from sessions.practice._sessions import PracticeSessions, Span

logger = logging.getLogger("sessions.practice")

Finals = Callable[["Session"], dict[str, Any]]


@define
class Session:
    """One practice session."""

    source: str
    row: Row
    """As in the table ``sessions``."""
    data: dict[str, Any]
    """Of its session.started."""
    total_inscale_notes: Any = None
    tally: Tally | None = None
    """While this process measures it."""
    started_at: int | None = None
    """Sequence in the log; None until it was read there."""
    ended_at: int | None = None

    @property
    def ended(self) -> bool:
        """Whether it has an end, and thus does not change any more."""
        return self.row["end_time"] is not None

    def finals(self) -> dict[str, Any]:
        """The final values that the measurements come to."""
        given = self.data.get("enabled_metrics")
        scores = enabled(given if isinstance(given, dict) else None)
        return (self.tally or Tally()).finals(scores)

    def end(self, time: datetime, data: dict[str, Any]) -> None:
        """It ended then, with these values."""
        self.row.update(ended_columns(self.row["start_time"], time, data))
        self.total_inscale_notes = data.get("total_inscale_notes")
        self.tally = None

    def holds(self, event: Event) -> bool:
        """Whether this event changed the session: not a second start or end, nothing late."""
        if event.type == STARTED:
            return event.sequence == self.started_at
        if event.type == ENDED:
            return event.sequence == self.ended_at
        after_start = self.started_at is not None and event.sequence > self.started_at
        return after_start and (self.ended_at is None or event.sequence < self.ended_at)


class Ledger:
    """The sessions of one log. Threads may share it."""

    def __init__(self, log: SharedLog) -> None:
        self.log = log
        self.forget()

    def forget(self) -> None:
        """Know nothing; the log tells it all again."""
        self._lock = Lock()  # around what is known, held for moments
        self._reading = Lock()  # around reading the log, which takes its time
        self._sessions: dict[str, Session] = {}
        self._spans: dict[str | None, Span] = {}
        self._log_id = ""
        self._through = 0

    # Recording

    def start(self, session_id: str, data: dict[str, Any], source: str) -> None:
        """A session begins."""
        now = datetime.now(UTC)
        with self._lock:
            self.log.record(STARTED, data, subject=session_id, source=source, time=now)
            row = started_row(session_id, now, data)
            self._sessions[session_id] = Session(source, row, data, tally=Tally())

    def measure(self, session_id: str, data: dict[str, Any]) -> bool:
        """Whether there was an open session to measure."""
        self._look_for(session_id)
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None or session.tally is None:
                return False
            self.log.record(MEASURED, data, subject=session_id, source=session.source)
            session.tally.add(data)
            return True

    def end(self, session_id: str, finals: Finals) -> Row | None:
        """The row of the session that ends; None when there was no open one."""
        self._look_for(session_id)
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None or session.tally is None:
                return None
            now, data = datetime.now(UTC), {"reason": "finished", **finals(session)}
            self.log.record(ENDED, data, subject=session_id, source=session.source, time=now)
            session.end(now, data)
            return dict(session.row)

    def _look_for(self, session_id: str) -> None:
        """A session that this process did not begin may be in the log, and be open."""
        session = self._sessions.get(session_id)
        if session is None and is_session_id(session_id):
            self.read()
            session = self._sessions.get(session_id)
        if session is not None and session.tally is None and not session.ended:
            self._adopt(session_id, session)

    def _adopt(self, session_id: str, session: Session) -> None:
        """Measure on, from what another process measured."""
        with self._reading:
            if session.tally is not None or session.ended:
                return  # another thread was faster
            tally, after = Tally(), session.started_at or 0
            try:
                for event in self.log.read(after=after, types=MEASURED, subject=session_id):
                    tally.add(event.data)
            except (EventLogError, OSError) as error:
                logger.error("[ERR] earlier measurements will lack in the averages: %s", error)
            with self._lock:
                session.tally = tally

    # Knowing

    def session(self, session_id: str) -> Session | None:
        """One session; None when there is none."""
        return self._sessions.get(session_id)

    def sessions(self) -> list[Session]:
        """All, in order of their start in the log."""
        with self._lock:
            return list(self._sessions.values())

    def exists(self) -> bool:
        """Whether there is a log. Its directory comes earlier, and may be half made."""
        return (self.log.path / IDENTITY_NAME).exists()

    def read(self) -> None:
        """Take in what the log holds now; what waits in memory is written to it first.

        A log that can't be read is reported, and what was known before stays known.
        """
        try:
            self.log.flush()
            if self.exists():
                with self.log.opened() as log:
                    if log is not None:
                        self.fold(log)
        except (EventLogError, OSError) as error:
            logger.error("[ERR] practice sessions: the log could not be read: %s", error)

    def fold(self, log: EventLog) -> int:
        """Take in what this log holds now; the sequence of its last event."""
        # Which brings all projections along; whoever only records does without them.
        from sessions.practice._sessions import PracticeSessions

        projection = PracticeSessions()
        with self._reading:
            head = log.head()
            if log.log_id != self._log_id:
                self._fold_all(log, projection, head)
            for event in log.read(after=self._through, until=head, types=projection.types):
                if is_ours(event):
                    self._spans = projection.apply(self._spans, event)
                    self._learn(event.subject or "", self._spans[event.subject])
            self._through = head
            return head

    def _fold_all(self, log: EventLog, projection: PracticeSessions, head: int) -> None:
        """From the start: this is a log that was not read yet, maybe in the place of another."""
        from projections import state_of  # which reads a sealed segment once in a log's life

        if self._log_id:
            with self._lock:
                self._sessions.clear()
            logger.error(
                "[ERR] practice sessions: %s is another log than before. It lacks the starts of the"
                " sessions before; what is recorded for them stays out of tables and answers",
                log.path,
            )
        self._spans = state_of(log, projection, head)
        for session_id, span in self._spans.items():
            self._learn(session_id or "", span)
        self._log_id, self._through = log.log_id, head

    def _learn(self, session_id: str, span: Span) -> None:
        start, end = span.start, span.end
        if start is None:
            return
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None:
                row = started_row(session_id, start.time, start.data)
                session = self._sessions[session_id] = Session(start.source, row, start.data)
            session.started_at = start.sequence
            if end is not None and session.ended_at is None:
                session.ended_at = end.sequence
                session.end(end.time, end.data)


_ledgers: WeakValueDictionary[Path, Ledger] = WeakValueDictionary()
_registry = Lock()


def ledger_of(log_dir: str | Path | None) -> Ledger:
    """The process's one ledger of the log at this path, for as long as someone uses it."""
    with _registry:
        path = log_path(log_dir)
        ledger = _ledgers.get(path)
        if ledger is None:
            ledger = _ledgers[path] = Ledger(shared_log(path))
        return ledger


def _forget_in_child() -> None:
    global _registry  # noqa: PLW0603 - the parent's may be held by a thread that is not here
    _registry = Lock()
    for ledger in list(_ledgers.values()):
        ledger.forget()


os.register_at_fork(after_in_child=_forget_in_child)
