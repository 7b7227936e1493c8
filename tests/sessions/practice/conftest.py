"""Each test has a log of its own, no DB_* around it, and leaves nothing open."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions import practice
from sessions._shared_log import close_shared_logs
from tests.sessions.practice.helpers import PATIENCE, Place


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where nothing is configured."""
    for name in ("DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DB_NAME", "EVENTLOG_DIR"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "above" / "work"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    # A slow machine must not look like a database that does not answer.
    monkeypatch.setattr("sessions.practice._logger._START_SECONDS", PATIENCE)
    monkeypatch.setattr("sessions.practice._logger._READ_SECONDS", PATIENCE)
    monkeypatch.setattr("sessions.practice._feeder._LAST_SECONDS", PATIENCE)
    yield
    practice.close()
    close_shared_logs()
    gc.collect()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A log with SQLite tables."""
    return Place(tmp_path / "a.eventlog")


@pytest.fixture(params=["sqlite", "postgres"])
def any_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A log with tables of either kind."""
    dsn = request.getfixturevalue("dsn") if request.param == "postgres" else None
    return Place(tmp_path / "a.eventlog", dsn)
