"""Logs to export, and databases to look into."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from attrs import frozen

from eventlog import EventLog, NewEvent
from projections.exports import DatabaseExport, Selection, export_to_postgres, export_to_sqlite
from projections.exports._database import Database
from projections.exports._postgres import Postgres
from projections.exports._sqlite import SQLite

START = datetime(2026, 2, 6, 12, 34, 56, 789012, tzinfo=UTC)

ODD_DATA: tuple[dict[str, Any], ...] = (
    {},
    {"text": "über 😀 \u2028 \"quoted\" 'too' \\ a\nb\r\nc\td", "empty": ""},
    {"nul": "a\0b"},
    {"big": 2**64 - 1, "small": -(2**63), "float": 0.1, "whole": 1.0, "tiny": 5e-324},
    {"nested": {"list": [1, [2, {"three": None}], True]}, '","data":': '{"crc32":"'},
    {"sequence": "0000000000000000007", "commit": 3, "x": ',"commit":9'},
)


def moment(number: int) -> datetime:
    """The time of the event with this number."""
    return START + timedelta(seconds=number)


def odd_event(number: int) -> NewEvent:
    """Events of every kind, one after the other."""
    return NewEvent(
        ("task.started", "note", "task.completed")[number % 3],
        {**ODD_DATA[number % len(ODD_DATA)], "task": f"t-{number % 4}"},
        subject=None if number % 5 == 0 else f"s-{number % 3}",
        source=f"agent/{number % 2}",
        id=f"given {number}" if number % 7 == 0 else None,
        time=moment(number),
        extensions={"traceparent": "00-1f", "level": number, "schemaversion": 2}
        if number % 4 == 0
        else None,
    )


def write_log(path: Path, first: int = 1, last: int = 40, batch: int = 3) -> Path:
    """A log with the events of these numbers, in batches, over several segments."""
    with EventLog.open(path, sync="never", segment_events=7) as log:
        for start in range(first, last + 1, batch):
            stop = min(start + batch, last + 1)
            log.extend([odd_event(number) for number in range(start, stop)])
    return path


def reading(path: Path) -> EventLog:
    """The log, for reading."""
    return EventLog.open(path, readonly=True)


def lines_of(path: Path) -> list[bytes]:
    """The stored lines."""
    with reading(path) as log:
        return [line for line, _ in log.scan()]


class Backend(Protocol):
    """One kind of database, of which a test has an empty one."""

    @property
    def name(self) -> str:
        """``sqlite`` or ``postgres``."""

    def export(self, log: Path, selection: Selection | None = None, **options: Any) -> Any:
        """Export into the database."""

    def open(self) -> AbstractContextManager[Database]:
        """The adapter, connected."""


@frozen
class SQLiteBackend:
    """A SQLite file."""

    path: Path
    name: str = "sqlite"

    def export(
        self, log: Path, selection: Selection | None = None, **options: Any
    ) -> DatabaseExport:
        with reading(log) as opened:
            return export_to_sqlite(opened, self.path, selection, **options)

    def open(self) -> AbstractContextManager[Database]:
        return _Opened(SQLite, sqlite3.connect(self.path, isolation_level=None))


@frozen
class PostgresBackend:
    """A database of the tests' own server."""

    dsn: str
    name: str = "postgres"

    def export(
        self, log: Path, selection: Selection | None = None, **options: Any
    ) -> DatabaseExport:
        with reading(log) as opened:
            return export_to_postgres(opened, self.dsn, selection, **options)

    def open(self) -> AbstractContextManager[Database]:
        import psycopg

        return _Opened(Postgres, psycopg.connect(self.dsn, autocommit=True))


class _Opened:
    def __init__(self, adapter: Any, connection: Any) -> None:
        self._adapter, self._connection = adapter, connection

    def __enter__(self) -> Database:
        database: Database = self._adapter(self._connection)
        return database

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def backend_of(name: str, request: pytest.FixtureRequest) -> Backend:
    """An empty database of this kind."""
    if name == "sqlite":
        return SQLiteBackend(request.getfixturevalue("tmp_path") / "out.db")
    return PostgresBackend(request.getfixturevalue("dsn"))


def query(backend: Backend, sql: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with backend.open() as database:
        return database.query(sql)


def execute(backend: Backend, *statements: str) -> None:
    """Change the database."""
    with backend.open() as database:
        for statement in statements:
            database.execute(statement)


def tables(backend: Backend) -> dict[str, list[str]]:
    """Everything in the database, as text: equal exactly when the databases are."""
    with backend.open() as database:
        return {name: _rows(database, name, backend.name) for name in _names(database, backend)}


def _names(database: Database, backend: Backend) -> list[str]:
    of = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
        "postgres": "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'public' ORDER BY 1",
    }
    return [row[0] for row in database.query(of[backend.name])]


def _rows(database: Database, table: str, backend: str) -> list[str]:
    if backend == "sqlite":
        return sorted(map(repr, database.query(f'SELECT * FROM "{table}"')))  # noqa: S608
    return sorted(row[0] for row in database.query(f'SELECT t::text FROM "{table}" t'))  # noqa: S608


EVENT_TEXTS = (
    "SELECT sequence, id, source, type, subject, schemaversion, CAST(data AS TEXT),"
    " CAST(extensions AS TEXT) FROM events ORDER BY sequence"
)


def sequences(backend: Backend) -> list[int]:
    """The sequences in the events table."""
    return [row[0] for row in query(backend, "SELECT sequence FROM events ORDER BY sequence")]


def sqlite_rows(path: Path, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """What a SQLite file answers."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, tuple(parameters)).fetchall()
