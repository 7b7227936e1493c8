"""What only PostgreSQL does: it refuses some text, and a connection may go."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from eventlog import EventLog
from projections.exports import ExportError, export_to_postgres
from tests.exports.helpers import PostgresBackend, execute, query, reading, sequences


def test_data_are_json_because_jsonb_refuses_nul(dsn: str, tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("odd", {"text": "a\0b"})
    backend = PostgresBackend(dsn)
    backend.export(tmp_path / "log")
    assert query(backend, "SELECT data::text FROM events") == [('{"text":"a\\u0000b"}',)]
    with pytest.raises(psycopg.errors.UntranslatableCharacter):
        query(backend, "SELECT data::jsonb FROM events")


def test_data_can_be_asked_as_json_where_there_is_no_nul(dsn: str, log: Path) -> None:
    backend = PostgresBackend(dsn)
    backend.export(log)
    sql = "SELECT max((data->>'big')::numeric) FROM events"
    with pytest.raises(psycopg.errors.UntranslatableCharacter):
        query(backend, sql)
    sql += " WHERE NOT starts_with(data::text, '{\"nul\"')"
    assert query(backend, sql) == [(2**64 - 1,)]
    with psycopg.connect(dsn) as connection:
        around = r"CASE WHEN data::text !~ '\\u0000' THEN data->>'big' END"
        found = connection.execute(f"SELECT sum(({around})::numeric) FROM events".encode())  # noqa: S608
        assert found.fetchone() == ((2**64 - 1) * 7,)


def test_the_tables_go_into_the_first_schema_of_the_path(dsn: str, log: Path) -> None:
    execute(PostgresBackend(dsn), "CREATE SCHEMA reports", "CREATE TABLE events (mine INTEGER)")
    inner = PostgresBackend(f"{dsn}&options=-csearch_path%3Dreports")
    assert inner.export(log).rows == 40
    assert inner.export(log).rows == 0
    assert query(PostgresBackend(dsn), "SELECT count(*) FROM reports.events") == [(40,)]
    assert query(PostgresBackend(dsn), "SELECT * FROM public.events") == []


def test_a_connection_that_goes_is_one_clear_error_and_the_next_run_goes_on(
    dsn: str, log: Path
) -> None:
    def end_all(_: int) -> None:
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with reading(log) as opened, pytest.raises(ExportError, match="PostgreSQL: "):
        export_to_postgres(opened, dsn, batch_rows=100, advance=end_all)
    backend = PostgresBackend(dsn)
    assert sequences(backend) == []
    assert backend.export(log).rows == 40


def test_a_role_that_may_not_write_is_told_so(dsn: str, log: Path) -> None:
    execute(PostgresBackend(dsn), "CREATE ROLE reader LOGIN")
    try:
        with reading(log) as opened, pytest.raises(ExportError, match="permission denied"):
            export_to_postgres(opened, dsn.replace("postgres:@", "reader:@"))
    finally:
        execute(PostgresBackend(dsn), "DROP ROLE reader")
