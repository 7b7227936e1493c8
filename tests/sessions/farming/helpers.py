"""Saving sessions, and looks into the file and the log of the working directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eventlog import Event, EventLog
from sessions.farming import SessionLogger

FILE = Path("logs/farming_sessions.json")
TABLE = Path("logs/farming_sessions_export.csv")
LOG = Path("activity.eventlog")


def save(farm: SessionLogger, *golds: int) -> None:
    """A session of a minute for each amount of gold."""
    for gold in golds:
        farm.save_session({"gold_collected": gold, "session_duration": 60})


def in_file() -> Any:
    """What the file holds."""
    return json.loads(FILE.read_bytes())


def put(records: Any) -> None:
    """Make the file hold this, as somebody with an editor does."""
    FILE.write_text(json.dumps(records))


def edit(place: int, **changes: Any) -> None:
    """Change one record in the file."""
    records = in_file()
    records[place].update(changes)
    put(records)


def golds(farm: SessionLogger) -> list[Any]:
    """The gold of all sessions that the logger shows, newest first."""
    return [one["total_gold"] for one in farm.load_sessions(1000)]


def events(*types: str) -> list[Event]:
    """The log's events, of these types or of all."""
    if not LOG.exists():
        return []
    with EventLog.open(LOG, readonly=True) as log:
        return list(log.read(types=types or None))
