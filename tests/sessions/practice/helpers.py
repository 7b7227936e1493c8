"""Loggers with either kind of database, and looks into it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event as Signal
from typing import Any

from attrs import frozen

from eventlog import Event, EventLog
from sessions.practice import SessionLogger

PATIENCE = 60.0

FINALS: dict[str, Any] = {
    "final_pitch_accuracy": 0.9,
    "final_scale_conformity": 0.75,
    "final_timing_stability": 0.8,
    "notes_detected": 45,
    "unique_notes_used": 4,
    "notes_in_scale": 42,
    "notes_out_of_scale": 3,
}
NOTE: dict[str, Any] = {
    "detected_hz": 440.5,
    "detected_midi": 69.02,
    "pitch_class": 9,
    "in_scale": True,
    "note_detected": True,
}


@frozen
class Place:
    """A log, and the database of its tables: SQLite's, where there is no DSN."""

    log: Path
    dsn: str | None = None

    def logger(self) -> SessionLogger:
        """One more logger; close it."""
        return SessionLogger(log_dir=self.log, dsn=self.dsn)

    @property
    def sqlite(self) -> Path:
        """The file that this log's tables are in without a DSN."""
        return self.log.with_name(f"{self.log.stem}.practice.sqlite")

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the database answers, in a connection of its own; written as for psycopg."""
        if self.dsn is None:
            with closing(sqlite3.connect(self.sqlite, isolation_level=None)) as connection:
                return connection.execute(sql.replace("%s", "?"), parameters).fetchall()
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as server:
            cursor = server.execute(sql.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def execute(self, *statements: str) -> None:
        """Change the database."""
        for statement in statements:
            self.query(statement)

    def tables(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """All rows of both tables."""
        return (
            self.query("SELECT * FROM sessions ORDER BY start_time, id"),
            self.query("SELECT * FROM session_metrics ORDER BY timestamp, id"),
        )

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns, in order."""
        if self.dsn is None:
            return [row[1] for row in self.query(f"PRAGMA table_info({table})")]
        rows = self.query(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s ORDER BY ordinal_position",
            table,
        )
        return [row[0] for row in rows]

    def events(self) -> list[Event]:
        """All events of the log."""
        with EventLog.open(self.log, readonly=True) as log:
            return list(log.read())


def begin(logger: SessionLogger, user_id: str | None = "ada", **options: Any) -> str:
    """A session of a scale that nobody asks about."""
    return logger.start_session("C major", 0.7, 0.5, user_id=user_id, **options)


def measure(logger: SessionLogger, session_id: str, times: int = 1) -> None:
    """Some measurements."""
    for _ in range(times):
        logger.log_metric(session_id, 0.85, 0.6, 0.72, debug_info=NOTE)


def flushed(logger: SessionLogger) -> bool:
    """Whether the tables came to show everything, in time enough for any machine."""
    return logger.flush(PATIENCE)


class said:  # noqa: N801 - reads as a function
    """A signal for when a message is logged."""

    def __init__(self, beginning: str) -> None:
        self._beginning = beginning
        self._signal = Signal()
        self._logger = logging.getLogger("sessions.practice")
        self._handler = logging.Handler()
        self._handler.emit = self._emit  # type: ignore[method-assign]

    def _emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith(self._beginning):
            self._signal.set()

    def __enter__(self) -> Signal:
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self._handler)
        return self._signal

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._handler)
        self._logger.setLevel(self._level)
