"""The tables, in SQLite and in PostgreSQL: what is in them, and that they can be made again."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from eventlog import EventLog
from sessions._shared_log import close_shared_logs
from sessions.practice import SessionLogger
from sessions.practice._database import target_of
from sessions.practice._schema import TABLES
from tests.sessions.practice.helpers import (
    FINALS,
    NOTE,
    PATIENCE,
    Place,
    begin,
    flushed,
    measure,
    said,
)

SESSIONS = [
    "id", "user_id", "session_id", "start_time", "end_time", "duration_seconds", "scale_name",
    "strictness", "sensitivity", "pitch_accuracy", "scale_conformity", "timing_stability",
    "notes_detected_count", "unique_notes_used", "notes_in_scale", "notes_out_of_scale",
    "ambient_lighting_enabled", "created_at", "updated_at",
]  # fmt: skip
METRICS = [
    "id", "session_id", "timestamp", "pitch_accuracy", "scale_conformity", "timing_stability",
    "detected_pitch_hz", "detected_midi", "pitch_class", "in_scale", "note_detected", "created_at",
]  # fmt: skip

USERS_SESSIONS = """
    SELECT scale_name, duration_seconds, pitch_accuracy, scale_conformity, timing_stability
    FROM sessions WHERE user_id = %s ORDER BY start_time DESC
"""
METRICS_OF_SESSION = """
    SELECT timestamp, pitch_accuracy, scale_conformity, timing_stability
    FROM session_metrics WHERE session_id = %s ORDER BY timestamp
"""


def work(logger: SessionLogger, sessions: int = 2, measurements: int = 3) -> list[str]:
    """Some sessions that ended, and one that did not."""
    ids = []
    for _ in range(sessions):
        ids.append(begin(logger))
        measure(logger, ids[-1], measurements)
        logger.end_session(ids[-1], **FINALS)
    ids.append(begin(logger))
    measure(logger, ids[-1], measurements)
    return ids


def writing(place: Place) -> EventLog:
    """The log, for writing past the logger."""
    close_shared_logs()
    return EventLog.open(place.log)


# What is in them


def test_the_tables_are_there_when_a_logger_is(any_place: Place) -> None:
    with any_place.logger():
        assert any_place.columns("sessions") == SESSIONS
        assert any_place.columns("session_metrics") == METRICS
        assert any_place.tables() == ([], [])
    assert not any_place.log.exists()


def test_trap_18_one_id_serves_both_queries(any_place: Place) -> None:
    with any_place.logger() as logger:
        session_id = begin(logger)
        logger.log_metric(session_id, 0.1, 0.2, 0.3)
        logger.log_metric(session_id, 0.4, 0.5, None)
        logger.end_session(session_id, **FINALS)
        later = begin(logger)
        begin(logger, "grace")
        assert flushed(logger)
        stats = logger.get_session_stats(session_id)
        assert stats is not None
        assert any_place.query(USERS_SESSIONS, "ada") == [
            ("C major", None, None, None, None),
            ("C major", stats["duration_seconds"], 0.9, 0.75, 0.8),
        ]
        found = any_place.query(METRICS_OF_SESSION, session_id)
        assert [row[1:] for row in found] == [(0.1, 0.2, 0.3), (0.4, 0.5, None)]
        assert any_place.query(METRICS_OF_SESSION, later) == []


def test_a_read_leaves_the_tables_up_to_date(any_place: Place) -> None:
    with any_place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id)
        logger.end_session(session_id, **FINALS)
        assert flushed(logger)  # so that the connection stands
        begin(logger)
        logger.get_session_stats(session_id)
        assert len(any_place.query("SELECT id FROM sessions")) == 2


def test_a_row_holds_what_the_answer_holds(any_place: Place) -> None:
    with any_place.logger() as logger:
        session_id = begin(logger)
        logger.end_session(session_id, **FINALS)
        assert flushed(logger)
        stats = logger.get_session_stats(session_id)
        ((*row,),) = any_place.query("SELECT * FROM sessions")
    assert stats is not None
    for name, value in zip(SESSIONS, row, strict=True):
        expected = stats[name]
        if isinstance(expected, datetime) and isinstance(value, str):
            assert value == expected.isoformat(" ", "microseconds")
        elif name == "id":
            assert str(value) == expected
        else:
            assert value == expected


def test_a_measurement_has_its_details(any_place: Place) -> None:
    with any_place.logger() as logger:
        session_id = begin(logger)
        logger.log_metric(session_id, 0.1, 0.2, 0.3, NOTE)
        logger.log_metric(session_id, None, 0.2, 0.3, {"in_scale": False})
        assert flushed(logger)
        columns = ", ".join(METRICS[3:-1])
        sql = f"SELECT {columns} FROM session_metrics ORDER BY timestamp"  # noqa: S608
        assert any_place.query(sql) == [
            (0.1, 0.2, 0.3, 440.5, 69.02, 9, True, True),
            (None, 0.2, 0.3, None, None, None, False, None),
        ]


def test_there_are_indices_for_the_queries(any_place: Place) -> None:
    with any_place.logger():
        sql = (
            "SELECT name FROM sqlite_master WHERE type = 'index'"
            if any_place.dsn is None
            else "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
        )
        found = {row[0] for row in any_place.query(sql)}
    assert found >= {
        "idx_sessions_user_id", "idx_sessions_start_time", "idx_session_metrics_session_id",
    }  # fmt: skip


def test_thousands_of_measurements_go_through(any_place: Place) -> None:
    with any_place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 2500)
        assert flushed(logger)
        assert len(any_place.query(METRICS_OF_SESSION, session_id)) == 2500


def test_odd_text_goes_through(any_place: Place) -> None:
    odd = [Random(7).randbytes(5000).hex(), "a\0b", "%s' --", "é😀 \x1b[2J", "{}"]
    with any_place.logger() as logger:
        for text in odd:
            logger.start_session(text, 0.5, 0.5, user_id=text)
        assert flushed(logger)
        found = any_place.query("SELECT scale_name, user_id FROM sessions ORDER BY start_time")
    kept = odd if any_place.dsn is None else [text.replace("\0", "\ufffd") for text in odd]
    assert found == [(text, text) for text in kept]


def test_what_no_column_holds_is_null_there(any_place: Place) -> None:
    """Logs that were imported hold anything."""
    odd: dict[str, Any] = {
        "scale_name": 7, "user_id": [1], "strictness": "high", "ambient_lighting": "dim",
        "pitch_accuracy": True, "notes_detected": 2**40, "detail": {"pitch_class": 2**40},
        "enabled_metrics": "x",
    }  # fmt: skip
    subject = str(uuid4())
    with EventLog.open(any_place.log) as log:
        for name in ("session.started", "metric.recorded", "session.ended"):
            log.append(name, odd, subject=subject, source="practice/x")
        other = {"detail": [1]}
        log.append("session.started", {}, subject=str(uuid4()), source="practice/x")
        log.append("metric.recorded", other, subject=subject, source="practice/x")
    with any_place.logger() as logger:
        assert flushed(logger)
        sql = "SELECT scale_name, strictness, notes_detected_count FROM sessions WHERE id = %s"
        assert any_place.query(sql, subject) == [(None, None, None)]
        sql = "SELECT pitch_accuracy, pitch_class FROM session_metrics"
        assert any_place.query(sql) == [(None, None)]


def test_several_logs_share_a_database(dsn: str, tmp_path: Path) -> None:
    places = [Place(tmp_path / name, dsn) for name in ("one", "two")]
    with places[0].logger() as one, places[1].logger() as two:
        for logger in (one, two):
            work(logger)
            assert flushed(logger)
    assert len(places[0].query("SELECT * FROM sessions")) == 6


# Exactly once


def test_another_logger_goes_on_where_the_tables_end(any_place: Place) -> None:
    with any_place.logger() as logger:
        work(logger)
    before = any_place.tables()
    with any_place.logger() as logger:
        assert flushed(logger)
        assert any_place.tables() == before
        work(logger)
        assert flushed(logger)
    after = any_place.tables()
    assert (len(after[0]), len(after[1])) == (6, 18)
    assert after[0][:3] == before[0]


LOSSES = {
    "sessions": ["DROP TABLE sessions CASCADE"],
    "metrics": ["DROP TABLE session_metrics"],
    "both": ["DROP TABLE session_metrics", "DROP TABLE sessions"],
    "progress": ["DROP TABLE practice_progress"],
    "all": ["DROP TABLE session_metrics", "DROP TABLE sessions", "DROP TABLE practice_progress"],
}


@pytest.mark.parametrize("loss", LOSSES)
def test_dropped_tables_are_made_again(any_place: Place, loss: str) -> None:
    """While a session goes on, too."""
    with any_place.logger() as logger:
        session_id = work(logger)[-1]
        assert flushed(logger)
        before = any_place.tables()
        _drop(any_place, loss)
        measure(logger, session_id)
        assert flushed(logger)
        after = any_place.tables()
        assert after[0] == before[0]
        assert after[1][: len(before[1])] == before[1]
        assert len(after[1]) == len(before[1]) + 1
        for statement in UNWANTED:
            refused(any_place, statement.format(session_id=work(logger)[0]), logger)


def _drop(place: Place, loss: str) -> None:
    for statement in LOSSES[loss]:
        place.execute(statement.replace(" CASCADE", "" if place.dsn is None else " CASCADE"))


def test_another_process_makes_the_same_tables(any_place: Place) -> None:
    with any_place.logger() as logger:
        work(logger)
        logger.end_session(begin(logger), total_inscale_notes=5)
        assert flushed(logger)
        before = any_place.tables()
    _drop(any_place, "all")
    del logger  # and with it, all that was known
    with any_place.logger() as logger:
        assert flushed(logger)
        assert any_place.tables() == before


def test_the_foreign_key_comes_back_with_its_table(dsn: str, tmp_path: Path) -> None:
    place = Place(tmp_path / "a.eventlog", dsn)
    with place.logger() as logger:
        work(logger)
        assert flushed(logger)
        _drop(place, "sessions")
        assert flushed(logger)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            place.query(
                "INSERT INTO session_metrics (id, session_id) VALUES (%s, %s)", uuid4(), uuid4()
            )


def test_tables_that_were_made_anew_by_others_are_filled(any_place: Place) -> None:
    with any_place.logger() as logger:
        work(logger)
        assert flushed(logger)
        before = any_place.tables()
        _drop(any_place, "both")
        for table in ("sessions", "session_metrics"):
            columns = ", ".join(" ".join(column) for column in TABLES[table].items())
            any_place.execute(f"CREATE TABLE {table} ({columns})")
        assert flushed(logger)
        assert any_place.tables() == before


def test_that_tables_are_gone_is_noticed_without_a_call(
    any_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.practice._feeder._IDLE_SECONDS", 0.01)
    with any_place.logger() as logger:
        work(logger)
        assert flushed(logger)
        before = any_place.tables()
        with said("[OK] practice sessions: the tables") as again:
            _drop(any_place, "both")
            assert again.wait(PATIENCE)
        assert any_place.tables() == before


def test_late_events_of_the_log_do_not_come_into_tables_that_are_made_again(
    any_place: Place,
) -> None:
    with any_place.logger() as logger:
        ended = work(logger)[0]
    before = any_place.tables()
    with writing(any_place) as log:
        for name in ("metric.recorded", "session.ended", "session.started"):
            log.append(name, {"final_pitch_accuracy": 0.1}, subject=ended, source="practice/x")
    with any_place.logger() as logger:
        assert flushed(logger)
        assert any_place.tables() == before
        _drop(any_place, "both")
        assert flushed(logger)
        assert any_place.tables() == before


def test_the_tables_of_an_older_copy_of_the_log_stay_as_they_are(
    any_place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with any_place.logger() as logger:
        work(logger)
    before = any_place.tables()
    head = len(any_place.events())
    any_place.execute(
        f"UPDATE practice_progress SET through = {head + 5}, through_crc32 = 'ffffffff'"  # noqa: S608
    )
    with any_place.logger() as logger:
        session_id = begin(logger)
        assert not logger.flush(0.5)
        assert logger.get_session_stats(session_id) is not None
        assert any_place.tables() == before
        assert "Rename or drop the tables" in caplog.text
        _drop(any_place, "both")
        assert flushed(logger)
        assert len(any_place.tables()[0]) == len(before[0]) + 1


# Immutable

UNWANTED = [
    "UPDATE sessions SET pitch_accuracy = 1 WHERE id = '{session_id}'",
    "UPDATE sessions SET end_time = NULL WHERE id = '{session_id}'",
    "UPDATE sessions SET user_id = 'eve'",
    "DELETE FROM sessions WHERE id = '{session_id}'",
    "UPDATE session_metrics SET pitch_accuracy = 1 WHERE session_id = '{session_id}'",
    "DELETE FROM session_metrics WHERE session_id = '{session_id}'",
    "DELETE FROM session_metrics",
    "INSERT INTO session_metrics (id, session_id)"
    " VALUES ('00000000-0000-4000-8000-000000000000', '{session_id}')",
]
UNWANTED_IN_SQLITE = [
    "INSERT OR REPLACE INTO sessions (id, session_id) VALUES ('{session_id}', 'x')",
    "INSERT OR REPLACE INTO sessions (id, session_id) VALUES ('x', '{session_id}')",
    "INSERT OR REPLACE INTO session_metrics (id, session_id)"
    " SELECT id, 'x' FROM session_metrics WHERE session_id = '{session_id}'",
]


def refused(place: Place, statement: str, logger: SessionLogger) -> None:
    """The database says no, and nothing has changed."""
    assert flushed(logger)
    before = place.tables()
    with pytest.raises(Exception, match="have ended do not change"):
        place.execute(statement)
    assert place.tables() == before


def test_trap_19_the_database_refuses_to_change_what_has_ended(any_place: Place) -> None:
    statements = UNWANTED + (
        UNWANTED_IN_SQLITE
        if any_place.dsn is None
        else ["TRUNCATE session_metrics", "TRUNCATE sessions CASCADE"]
    )
    with any_place.logger() as logger:
        session_id = work(logger)[0]
        for statement in statements:
            refused(any_place, statement.format(session_id=session_id), logger)


def test_a_metric_cannot_be_moved_into_a_session_that_has_ended(any_place: Place) -> None:
    with any_place.logger() as logger:
        ended, _, still_open = work(logger)
        refused(
            any_place,
            f"UPDATE session_metrics SET session_id = '{ended}' WHERE session_id = '{still_open}'",  # noqa: S608
            logger,
        )


def test_no_row_of_ours_switches_the_guards_off(any_place: Place) -> None:
    with any_place.logger() as logger:
        ended = work(logger)[0]
        assert flushed(logger)
        assert any_place.columns("practice_progress") == ["log_id", "through", "through_crc32"]
        before = any_place.tables()
        any_place.execute("UPDATE practice_progress SET through = 0, through_crc32 = ''")
        for statement in UNWANTED:
            refused(any_place, statement.format(session_id=ended), logger)
        assert any_place.tables() == before


def test_the_guards_are_there_after_a_table_was_filled_again(any_place: Place) -> None:
    with any_place.logger() as logger:
        ended = work(logger)[0]
        assert flushed(logger)
        before = any_place.tables()
        any_place.execute("DROP TABLE session_metrics")
        assert flushed(logger)
        assert any_place.tables() == before
        for statement in UNWANTED:
            refused(any_place, statement.format(session_id=ended), logger)


def test_the_feeder_itself_is_refused_in_its_ordinary_course(any_place: Place) -> None:
    with any_place.logger() as logger:
        ended = work(logger)[0]
        assert flushed(logger)
    target = target_of(any_place.log, any_place.dsn)
    with (
        target.connect() as connection,
        pytest.raises(Exception, match="have ended do not change"),
        connection.database.transaction(),
    ):
        connection.database.execute("UPDATE sessions SET user_id = 'eve' WHERE id = ?", ended)


# Migrations


def test_trap_19_an_older_table_grows_and_keeps_its_rows(any_place: Place) -> None:
    old = str(uuid4())
    any_place.execute(
        "CREATE TABLE sessions (id UUID PRIMARY KEY, user_id VARCHAR, session_id VARCHAR UNIQUE,"
        " start_time TIMESTAMP, end_time TIMESTAMP, scale_name VARCHAR)",
        f"INSERT INTO sessions (id, session_id, scale_name) VALUES ('{old}', '{old}', 'old')",  # noqa: S608
        "CREATE TABLE session_metrics (session_id UUID, pitch_accuracy FLOAT, note VARCHAR)",
        f"INSERT INTO session_metrics VALUES ('{old}', 0.5, 'mine')",  # noqa: S608
    )
    with any_place.logger() as logger:
        session_id = work(logger)[0]
        assert flushed(logger)
        assert set(any_place.columns("sessions")) == set(SESSIONS)
        assert set(any_place.columns("session_metrics")) == {*METRICS, "note"}
        assert any_place.query("SELECT scale_name FROM sessions WHERE session_id = %s", old) == [
            ("old",)
        ]
        sql = "SELECT note FROM session_metrics WHERE session_id = %s"
        assert any_place.query(sql, old) == [("mine",)]
        assert len(any_place.query(METRICS_OF_SESSION, session_id)) == 3


def test_a_table_of_something_else_is_left_alone(
    any_place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    any_place.execute(
        "CREATE TABLE sessions (session_key VARCHAR, expires TIMESTAMP)",
        "INSERT INTO sessions (session_key) VALUES ('cookie')",
    )
    with any_place.logger() as logger:
        session_id = begin(logger)
        assert not logger.flush(0.3)
        assert logger.get_session_stats(session_id) is not None
    assert any_place.columns("sessions") == ["session_key", "expires"]
    assert any_place.query("SELECT * FROM sessions") == [("cookie", None)]
    assert any_place.columns("session_metrics") == []
    assert "another table sessions: name another database" in caplog.text


# The SQLite file


def test_the_file_lies_beside_the_log_for_its_owner_alone(place: Place) -> None:
    with place.logger() as logger:
        begin(logger)
        assert logger.database == str(place.sqlite.resolve())
    assert stat.S_IMODE(place.sqlite.stat().st_mode) == 0o600


def test_a_file_that_was_removed_is_made_again(place: Place) -> None:
    with place.logger() as logger:
        session_id = work(logger)[-1]
        assert flushed(logger)
        before = place.tables()
        place.sqlite.unlink()
        assert flushed(logger)
        assert place.tables() == before
        place.sqlite.write_text("")
        place.sqlite.unlink()
        measure(logger, session_id)
        assert flushed(logger)
        assert len(place.tables()[1]) == len(before[1]) + 1


def test_a_link_is_not_followed(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    precious = place.log.with_name("precious")
    precious.write_text("mine")
    place.sqlite.symlink_to(precious)
    with place.logger() as logger:
        session_id = begin(logger)
        assert not logger.flush(0.3)
        assert logger.get_session_stats(session_id) is not None
    assert precious.read_text() == "mine"
    assert "symbolic link" in caplog.text


def test_a_file_that_is_no_database_is_left_alone(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.sqlite.write_text("a shopping list, and more of that" * 100)
    with place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id)
        assert not logger.flush(0.3)
        logger.end_session(session_id, **FINALS)
        assert len(logger.get_user_sessions("ada")) == 1
    assert place.sqlite.read_text().startswith("a shopping list")
    assert "not a database" in caplog.text


def test_times_are_utc(any_place: Place) -> None:
    with any_place.logger() as logger:
        begin(logger)
        assert flushed(logger)
        ((found,),) = any_place.query("SELECT start_time FROM sessions")
    (event,) = any_place.events()
    moment = datetime.fromisoformat(found) if isinstance(found, str) else found
    assert moment.replace(tzinfo=UTC) == event.time
