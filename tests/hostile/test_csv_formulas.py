"""No cell of any CSV that is written here is a formula to a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog
from projections import READ_MODELS
from projections.exports import Selection, export_to_stream
from projections.exports._tables import table_names
from sessions.farming import SessionLogger

STARTS = "=+-@\t\r"
"""What makes a spreadsheet compute instead of show."""
IN_NAMES = "=+-@"
"""Those of them that the envelope takes."""
TEXT_COLUMNS = {
    "events": {"id", "source", "type", "subject"},
    "session_summaries": {"subject", "source", "notes"},
    "session_analysis": {"subject"},
    "session_trends": {"subject"},
    "areas_best": {"area"},
    "areas_dangerous": {"area"},
    "areas": set(),
    "recovery_snapshots": {"subject"},
    "practice_metrics_sessions": {"subject", "user"},
    "practice_metrics_users": {"user"},
}
"""Where each table shows what somebody else wrote."""
TABLES: list[tuple[str | None, str]] = [(None, "events")]
TABLES += [(model, table) for model, make in READ_MODELS.items() for table in table_names(make())]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wherever an event can hold a text: texts that begin with each of these."""
    path = tmp_path_factory.mktemp("formulas") / "log"
    with EventLog.open(path, sync="never") as opened:
        for number, start in enumerate(STARTS):
            text = f"{start}cmd|' /C calc'!A0"
            name = f"{start}1+{number}" if start in IN_NAMES else f"={number}"
            events: dict[str, dict[str, Any]] = {
                "session.started": {"user": text, "user_id": text, text: text},
                "task.started": {"task": text, "metadata": {text: text}},
                "task.completed": {"task": text, "duration_ms": 5},
                "area.visited": {"area": text, "seconds": 9, "gold": 5, "flees": 1},
                "metric.recorded": {text: 1, "pitch": -1},
                "session.annotated": {"notes": text},
                "session.summarized": {"gold": -5, "duration_seconds": 9},
                "state.saved": {text: text},
                name: {text: text},
            }
            for type_, data in events.items():
                given = name if type_ == name else None
                opened.append(type_, data, subject=name, source=f"{name[0]}x", id=given)
    return path


def exported(log: Path, model: str | None, table: str) -> list[dict[str, str]]:
    """The rows as a spreadsheet reads them."""
    stream = io.BytesIO()
    with EventLog.open(log, readonly=True) as opened:
        export_to_stream(opened, stream, "csv", Selection(model=model), table=model and table)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode(), newline="")))


def is_formula(cell: str) -> bool:
    if cell[:1] not in STARTS or not cell:
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False  # a negative number


@pytest.mark.parametrize(("model", "table"), TABLES, ids=str)
def test_every_column_of_every_table_is_guarded(model: str | None, table: str, log: Path) -> None:
    rows = exported(log, model, table)
    assert rows
    assert [cell for row in rows for cell in row.values() if is_formula(cell)] == []
    guarded = {name for row in rows for name, cell in row.items() if cell[:1] == "'"}
    assert guarded == TEXT_COLUMNS[table], "the log put nothing into this column"


def test_the_guard_can_be_taken_off_again(log: Path) -> None:
    users = [row["user"] for row in exported(log, "practice-metrics", "practice_metrics_users")]
    assert [user.removeprefix("'")[0] for user in users] == list(STARTS)


def test_the_csv_of_the_farming_sessions_is_guarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    farm = SessionLogger("bot")
    for start in STARTS:
        farm.save_session({"gold_collected": 1, "session_duration": 60})
        records = json.loads(Path("logs/farming_sessions.json").read_bytes())
        records[-1]["notes"] = f"{start}1+1"
        Path("logs/farming_sessions.json").write_text(json.dumps(records))
    assert farm.export_sessions_csv(99)
    text = Path("logs/farming_sessions_export.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(STARTS)
    assert [cell for row in rows for cell in row.values() if is_formula(cell)] == []
