"""Each test has a working directory of its own, nothing configured, and leaves nothing open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions._shared_log import close_shared_logs
from sessions.farming import SessionLogger


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The working directory, to which log and files are relative."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENTLOG_DIR", raising=False)
    yield
    close_shared_logs()


@pytest.fixture
def farm() -> SessionLogger:
    """A logger with its log and its file in the working directory."""
    return SessionLogger("Farmer_")
