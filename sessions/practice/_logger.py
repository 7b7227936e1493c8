"""``SessionLogger``: what a practice program calls."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from eventlog import InvalidEventError
from sessions.practice import _inputs, _values
from sessions.practice._ledger import Session, ledger_of
from sessions.practice._rows import ALIASES, Row
from sessions.practice._values import shown

logger = logging.getLogger("sessions.practice")

_START_SECONDS = 2.0
_READ_SECONDS = 0.5


class SessionLogger:
    """Records practice sessions, and answers what came of them. Threads may share it.

    Each call records into the log and returns; the tables ``sessions`` and ``session_metrics``
    follow in the background, from PostgreSQL's outages, too. ``log_dir`` is the log (EVENTLOG_DIR,
    or ``./activity.eventlog`` by default), ``dsn`` a PostgreSQL database (by default what ``DB_*``
    says, or a SQLite file beside the log).

    Errors: SettingError for a DSN, a port or a ``.env`` that can't be read, MissingExtraError when
    PostgreSQL is configured and psycopg is not installed. A database that does not answer is none.

    Example::

        with SessionLogger() as logger:
            session_id = logger.start_session("A minor", strictness=0.7, sensitivity=0.5)
            logger.log_metric(session_id, 0.85, 0.6, 0.72)
            logger.end_session(session_id, 0.87, 0.75, 0.8, 45, 4, 42, 3)
            print(logger.get_session_stats(session_id)["duration_seconds"])
    """

    def __init__(self, *, log_dir: str | Path | None = None, dsn: str | None = None) -> None:
        # With the databases' modules, 'import sessions.practice' would take twice as long.
        from sessions.practice._database import target_of
        from sessions.practice._feeder import acquire

        ledger = ledger_of(log_dir)
        target = target_of(ledger.log.path, dsn)
        self._ledger = ledger
        self._feeder = acquire(ledger, target)
        self._closed = False
        self._said_refused = False
        self._feeder.start(_START_SECONDS)

    # Recording

    def start_session(
        self,
        scale_name: str,
        strictness: float,
        sensitivity: float,
        user_id: str | None = None,
        ambient_lighting: bool = True,
        *,
        scale_type: str = "natural",
        enabled_metrics: Any = None,
    ) -> str:
        """A session begins; its id, a UUID.

        Errors: TypeError, ValueError for values that no table takes.
        """
        session_id = str(uuid4())
        user_id = _values.user(user_id)
        data: dict[str, Any] = {
            "component": "practice",
            "scale_name": _values.text("scale_name", scale_name),
            "strictness": _values.number("strictness", strictness),
            "sensitivity": _values.number("sensitivity", sensitivity),
            "ambient_lighting": _values.flag("ambient_lighting", ambient_lighting),
            "scale_type": _values.text("scale_type", scale_type),
        }
        if user_id is not None:
            data["user_id"] = user_id
        if enabled_metrics is not None:
            data["enabled_metrics"] = _values.enabled(enabled_metrics)
        self._ledger.start(session_id, data, _inputs.source_of(user_id))
        self._feeder.wake()
        logger.info("[OK] practice session %s began: %s", session_id, shown(scale_name))
        return session_id

    def log_metric(
        self,
        session_id: str,
        pitch_accuracy: float | None,
        scale_conformity: float | None,
        timing_stability: float | None,
        debug_info: Mapping[str, Any] | None = None,
    ) -> None:
        """One measurement. For a session that is unknown or has ended, a warning in the log of
        ``sessions.practice``, and nothing else.

        ``debug_info``: ``detected_hz``, ``detected_midi``, ``pitch_class``, ``in_scale`` and
        ``note_detected`` go into the table. Whatever else JSON can hold stays in the log.

        Errors: TypeError, ValueError for values that no table takes; nothing is recorded then.
        """
        data = _inputs.measured(pitch_accuracy, scale_conformity, timing_stability)
        known, further = _inputs.split_detail(debug_info)
        if known or further:
            data["detail"] = {**further, **known}
        try:
            recorded = self._ledger.measure(_inputs.id_text(session_id), data)
        except InvalidEventError as error:  # of the rest: the numbers were looked at
            self._say_refused(error)
            data["detail"] = known
            recorded = self._ledger.measure(_inputs.id_text(session_id), data)
        if recorded:
            self._feeder.wake()
        else:
            logger.warning("[WARN] no open session %s: not measured", shown(session_id))

    def _say_refused(self, error: InvalidEventError) -> None:
        """Once: it is the same for every measurement of a program."""
        if not self._said_refused:
            self._said_refused = True
            logger.warning(
                "[WARN] debug_info is recorded without the keys that have no column: %s", error
            )

    def end_session(
        self,
        session_id: str,
        final_pitch_accuracy: float | None = None,
        final_scale_conformity: float | None = None,
        final_timing_stability: float | None = None,
        notes_detected: int | None = None,
        unique_notes_used: int | None = None,
        notes_in_scale: int | None = None,
        notes_out_of_scale: int | None = None,
        *,
        total_inscale_notes: int | None = None,
    ) -> None:
        """A session ends with these values, stored as they are given. It never changes again: for
        one that is unknown or has ended, an error in the log of ``sessions.practice``.

        Without any of the seven, they are what the measurements come to.

        Errors: TypeError, ValueError for values that no table takes; the session stays open then.
        """
        stated = _inputs.finals(
            (final_pitch_accuracy, final_scale_conformity, final_timing_stability),
            (notes_detected, unique_notes_used, notes_in_scale, notes_out_of_scale),
        )
        notes_in_all = _values.count("total_inscale_notes", total_inscale_notes)

        def data_of(session: Session) -> dict[str, Any]:
            data = stated or {**session.finals(), "derived": True}
            return data if notes_in_all is None else {**data, "total_inscale_notes": notes_in_all}

        row = self._ledger.end(_inputs.id_text(session_id), data_of)
        if row is None:
            logger.error("[ERR] no open session %s: nothing to end", shown(session_id))
            return
        self._feeder.wake()
        logger.info("[OK] practice session %s ended: %.1f s", row["id"], row["duration_seconds"])

    # Asking

    def get_session_stats(self, session_id: str) -> dict[str, Any] | None:
        """A session as the table has it, with the original code's names beside; None when there
        is no such session. Answered from the log, so an outage of the database changes nothing.

        Times are UTC, without a zone; what is not known yet is None.
        """
        self._catch_up()
        session = self._ledger.session(_inputs.id_text(session_id))
        return None if session is None else _stats(session)

    def get_user_sessions(self, user_id: str, limit: int | None = 10) -> list[dict[str, Any]]:
        """The newest sessions of a user, the last started first; all of them without a limit.

        Anonymous sessions are nobody's.
        """
        self._catch_up()
        try:
            wanted = _values.user(user_id)
            last = None if limit is None else max(0, _values.count("limit", limit) or 0)
        except (TypeError, ValueError) as error:
            logger.error("[ERR] no sessions for user %s: %s", shown(user_id), error)
            return []
        theirs = [
            session
            for session in self._ledger.sessions()
            if wanted is not None and session.row["user_id"] == wanted
        ]
        theirs.reverse()
        theirs.sort(key=lambda session: session.row["start_time"], reverse=True)
        return [_stats(session) for session in theirs[:last]]

    def _catch_up(self) -> None:
        self._ledger.read()
        self._feeder.settle(_READ_SECONDS)

    # The tables

    @property
    def database(self) -> str:
        """Where the tables are: the path of the SQLite file, or PostgreSQL's address, without
        the password.
        """
        return self._feeder.target.address

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the tables show everything recorded so far, at most ``timeout`` seconds;
        whether they do. Nobody has to call this; it helps before a query of one's own.
        """
        written = self._ledger.log.settle()
        return self._feeder.flush(timeout) and written

    def close(self) -> None:
        """Bring the tables up to date, as far as the database answers within some seconds, and
        what was recorded to the disk. What is missing then in the tables comes with the next
        logger of this log.
        """
        if not self._closed:
            from sessions.practice._feeder import release

            self._closed = True
            release(self._feeder)
            if not self._ledger.log.settle():
                logger.error("[ERR] not all that was recorded is on the disk")

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called. Calls still record; the tables follow later."""
        return self._closed

    def __enter__(self) -> SessionLogger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _stats(session: Session) -> dict[str, Any]:
    row: Row = dict(session.row)
    for alias, name in ALIASES.items():
        row[alias] = row[name]
    row["scale_type"] = session.data.get("scale_type")
    row["total_inscale_notes"] = session.total_inscale_notes
    return row
