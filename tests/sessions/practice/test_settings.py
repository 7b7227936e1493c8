"""Where the tables go, who says so, and that no password is shown."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from projections.exports import MissingExtraError
from sessions.practice import SessionLogger, SettingError
from sessions.practice._database import target_of
from sessions.practice._settings import postgres_parameters
from tests.sessions.practice.helpers import FINALS, Place, begin, flushed, measure
from tests.support.postgres import GUARDED_PASSWORD, GUARDED_ROLE
from tests.support.processes import run

SECRET = "hunter2 s@cret"  # noqa: S105


def set_variables(monkeypatch: pytest.MonkeyPatch, dsn: str, **changes: str) -> None:
    """DB_* for the database of a DSN."""
    parts = conninfo_to_dict(dsn)
    values = {"DB_HOST": str(parts["host"]), "DB_NAME": str(parts["dbname"]), **changes}
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_db_variables_choose_postgresql(
    dsn: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, dsn)
    with place.logger() as logger:
        begin(logger)
        assert flushed(logger)
        assert logger.database.startswith("postgresql://postgres@")
    assert Place(place.log, dsn).query("SELECT user_id FROM sessions") == [("ada",)]
    assert not place.sqlite.exists()


def test_the_address_leads_to_the_tables_and_holds_no_password(
    dsn: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, dsn, DB_PORT="5432", DB_PASSWORD=SECRET)
    with place.logger() as logger:
        begin(logger)
        assert flushed(logger)
        assert Place(place.log, logger.database).query("SELECT user_id FROM sessions") == [("ada",)]
        assert "secret" not in logger.database


@pytest.mark.parametrize(
    ("dsn", "address"),
    [
        ("postgresql://me:pw@db.example:5433/scales", "postgresql://me@db.example:5433/scales"),
        ("host=::1 user='o p' password=pw", "postgresql://o%20p@[::1]/"),
        ("host=/run/pg port=7 dbname=d", "postgresql:///d?host=%2Frun%2Fpg&port=7"),
        ("", "postgresql:///"),
    ],
)
def test_the_address_is_a_uri_of_what_is_known(tmp_path: Path, dsn: str, address: str) -> None:
    assert target_of(tmp_path / "log", dsn).address == address


def test_they_are_read_when_a_logger_is_made(
    dsn: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.logger() as logger:
        assert logger.database == str(place.sqlite.resolve())
    set_variables(monkeypatch, dsn)
    with place.logger() as logger:
        assert logger.database.startswith("postgresql://")


def test_an_argument_comes_before_them(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "no number")
    with Place(tmp_path / "a.eventlog", dsn).logger() as logger:
        assert flushed(logger)


def test_what_is_not_set_has_the_originals_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert postgres_parameters() is None
    monkeypatch.setenv("DB_USER", "")
    assert postgres_parameters() is None
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    assert postgres_parameters() == {
        "user": "postgres", "password": SECRET, "host": "localhost", "port": "5432",
        "dbname": "postgres",
    }  # fmt: skip


@pytest.mark.parametrize("place_of_file", [".", ".."])
def test_a_dotenv_file_is_read_and_the_environment_comes_before_it(
    monkeypatch: pytest.MonkeyPatch, place_of_file: str
) -> None:
    Path(place_of_file, ".env").write_text(
        f"# ours\nDB_USER=me\nexport DB_PASSWORD = '{SECRET}'  # secret\nDB_HOST=there # soon\n\n"
        "DB_NAME=\nOTHER=x\nDB_PORT=1"
    )
    monkeypatch.setenv("DB_PORT", "2")
    assert postgres_parameters() == {
        "user": "me", "password": SECRET, "host": "there", "port": "2", "dbname": "postgres",
    }  # fmt: skip
    assert "DB_USER" not in os.environ


def test_a_dotenv_file_that_cannot_be_read_is_said() -> None:
    Path(".env").write_bytes(b"DB_USER=\xff")
    with pytest.raises(SettingError, match=r"cannot be read.*\.env"):
        SessionLogger()


@pytest.mark.parametrize("port", ["postgres", "0", "65536", "-1", "54.3", "\x1b[2J", "٣"])
def test_a_port_that_is_no_number_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("DB_PORT", port)
    with pytest.raises(SettingError, match=r"DB_PORT is .* a number from 1 to 65535") as caught:
        SessionLogger()
    assert str(caught.value).isprintable()


def test_a_dsn_that_is_none_is_a_clear_error_without_its_text(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="the DSN cannot be read") as caught:
        SessionLogger(log_dir=tmp_path / "log", dsn=f"postgresql://u:{SECRET}@[host")
    assert SECRET not in str(caught.value)


def test_a_missing_psycopg_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "localhost")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'eventlog\[postgres\]'"):
        SessionLogger()


def test_a_password_gets_in_and_is_in_no_message_and_not_in_the_log(
    dsn: str, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner = Place(place.log, dsn)
    owner.execute(f"GRANT CREATE ON SCHEMA public TO {GUARDED_ROLE}")
    caplog.set_level(logging.DEBUG)
    set_variables(monkeypatch, dsn, DB_USER=GUARDED_ROLE, DB_PASSWORD=SECRET)
    with place.logger() as logger:
        session_id = begin(logger)
        assert not logger.flush(0.2)
        assert "password authentication failed" in caplog.text
    monkeypatch.setenv("DB_PASSWORD", GUARDED_PASSWORD)
    with place.logger() as logger:
        measure(logger, session_id)
        logger.end_session(session_id, **FINALS)
        assert flushed(logger)
        shown = caplog.text + repr(logger) + logger.database + repr(logger._feeder.target)
    assert len(owner.tables()[1]) == 1
    stored = b"".join(path.read_bytes() for path in place.log.rglob("*") if path.is_file())
    for secret in (SECRET, GUARDED_PASSWORD):
        assert secret not in shown
        assert secret.encode() not in stored


IMPORT = """
import logging, os, sys
import sessions.practice
assert not {"psycopg", "projections"} & set(sys.modules)
assert not logging.getLogger().handlers and not logging.getLogger("sessions.practice").handlers
assert os.listdir() == [], os.listdir()
logger = sessions.practice.SessionLogger()
logger.close()
assert "psycopg" not in sys.modules
"""


def test_an_import_does_nothing_and_psycopg_is_for_postgresql_alone(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run(f"import os; os.chdir({str(empty)!r}); os.environ.pop('DB_HOST', None)\n{IMPORT}")
