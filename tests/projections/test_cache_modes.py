"""Whoever may not read the log may not read what is cached of it either."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eventlog import EventLog
from projections import SessionSummaries, project


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_cached_is_as_private_as_the_log(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with EventLog.open(tmp_path / "log") as log:
            log.append("a", {}, subject="s")
            log.seal()
        with EventLog.open(tmp_path / "log", readonly=True) as log:
            project(log, SessionSummaries())
    finally:
        os.umask(before)
    kept = list((tmp_path / "log" / "cache").rglob("*"))
    assert any(path.is_file() for path in kept)
    for path in [tmp_path / "log" / "cache", *kept]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
