"""The schema of a database moves forward, step by step, and keeps its rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eventlog import ConflictError, EventLog, UnsupportedFormatError
from projections.exports import Selection, export_to_sqlite
from projections.exports._events import event_row
from projections.exports._incremental import _EVENT_NAMES
from projections.exports._migrations import MIGRATIONS, migrate
from tests.exports.helpers import Backend, execute, query, reading, sequences, tables

SUMMARIES = Selection(model="session-summaries")


def make_version_1(backend: Backend, log: Path, through: int) -> None:
    """A database as schema version 1 has it, with the first events of the log."""
    with reading(log) as opened, backend.open() as database:
        migrate(database, MIGRATIONS[:1])
        pairs = list(opened.scan())[:through]
        crc32 = pairs[-1][0][-10:-2].decode()
        database.insert("events", _EVENT_NAMES, [(opened.log_id, *event_row(p)) for p in pairs])
        for target in ("events", "session-summaries"):
            database.execute(
                "INSERT INTO eventlog_progress (log_id, target, filters, through, through_crc32)"
                " VALUES (?, ?, '{}', ?, ?)",
                opened.log_id, target, through, crc32,
            )  # fmt: skip


def version(backend: Backend) -> list[tuple[int]]:
    return query(backend, "SELECT version FROM eventlog_schema ORDER BY 1")


def indexes(backend: Backend) -> set[str]:
    of = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgres": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    }
    return {row[0] for row in query(backend, of[backend.name])}


def test_a_new_database_has_the_latest_version(backend: Backend, log: Path) -> None:
    backend.export(log)
    assert version(backend) == [(number,) for number in range(1, len(MIGRATIONS) + 1)]


def test_a_database_of_version_1_keeps_its_rows_and_goes_on(backend: Backend, log: Path) -> None:
    make_version_1(backend, log, 15)
    assert version(backend) == [(1,)]
    assert "events_by_subject" not in indexes(backend)
    before = tables(backend)["events"]
    assert backend.export(log).rows == 25
    assert version(backend) == [(1,), (2,)]
    assert "events_by_subject" in indexes(backend)
    assert sequences(backend) == list(range(1, 41))
    assert set(before) <= set(tables(backend)["events"])


def test_it_ends_like_one_that_was_new(backend: Backend, log: Path) -> None:
    make_version_1(backend, log, 15)
    backend.export(log)
    backend.export(log, SUMMARIES)
    migrated = tables(backend)
    with backend.open() as database:
        for name in migrated:
            database.execute(f'DROP TABLE "{name}"')
    backend.export(log)
    backend.export(log, SUMMARIES)
    assert tables(backend) == migrated


def test_what_version_1_did_not_know_is_null(backend: Backend, log: Path) -> None:
    make_version_1(backend, log, 15)
    with backend.open() as database:
        migrate(database)
    assert query(backend, "SELECT DISTINCT model_version FROM eventlog_progress") == [(None,)]


def test_a_step_that_fails_changes_nothing(backend: Backend, log: Path) -> None:
    make_version_1(backend, log, 15)
    before = tables(backend)
    steps = (*MIGRATIONS, ("CREATE TABLE more (n INTEGER)", "this is no SQL"))
    with backend.open() as database, pytest.raises(Exception, match="syntax error"):
        migrate(database, steps)
    assert tables(backend) == before
    assert "events_by_subject" not in indexes(backend)


def test_a_newer_version_is_refused_and_left_alone(backend: Backend, log: Path) -> None:
    backend.export(log)
    newer = len(MIGRATIONS) + 1
    execute(backend, f"INSERT INTO eventlog_schema (version) VALUES ({newer})")  # noqa: S608
    before = tables(backend)
    with pytest.raises(UnsupportedFormatError, match="install a newer eventlog"):
        backend.export(log)
    assert tables(backend) == before


def test_no_step_drops_anything() -> None:
    for statement in (statement for step in MIGRATIONS for statement in step):
        assert statement.split()[:2] in (
            ["CREATE", "TABLE"], ["CREATE", "INDEX"], ["ALTER", "TABLE"]
        )  # fmt: skip
        assert "DROP" not in statement.upper()


def test_a_table_of_the_export_that_is_gone_is_told(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("test")
        export_to_sqlite(log, tmp_path / "db")
        with closing(sqlite3.connect(tmp_path / "db")) as database:
            database.execute("DROP TABLE events")
            database.commit()
        with pytest.raises(ConflictError, match="table events of an earlier export is gone"):
            export_to_sqlite(log, tmp_path / "db")


def test_a_version_that_is_none_is_told(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        export_to_sqlite(log, tmp_path / "db")
        with closing(sqlite3.connect(tmp_path / "db")) as database:
            database.execute("INSERT INTO eventlog_schema VALUES ('abc')")
            database.commit()
        with pytest.raises(ConflictError, match="no version"):
            export_to_sqlite(log, tmp_path / "db")
