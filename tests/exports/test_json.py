"""JSON and JSON lines: the events as they are stored, the rows of models nested."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventlog import EventLog
from projections import SessionSummaries, project, to_document
from projections.exports import Selection, _documents, export_to_stream
from tests.exports.helpers import lines_of, reading


def exported(log: Path, format_: str, selection: Selection | None = None, **more: Any) -> bytes:
    stream = io.BytesIO()
    with reading(log) as opened:
        export_to_stream(opened, stream, format_, selection, **more)
    return stream.getvalue()


def test_json_lines_of_events_are_the_stored_lines(log: Path) -> None:
    assert exported(log, "jsonl") == b"".join(line + b"\n" for line in lines_of(log))


def test_json_of_events_is_one_array_of_the_stored_lines(log: Path) -> None:
    content = exported(log, "json")
    assert content == b"[\n" + b",\n".join(lines_of(log)) + b"\n]\n"
    assert json.loads(content) == list(map(json.loads, lines_of(log)))


@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_a_model_is_written_as_its_command_shows_it(format_: str, log: Path) -> None:
    content = exported(log, format_, Selection(model="session-summaries"))
    with reading(log) as opened:
        expected = to_document(project(opened, SessionSummaries()))
    rows = json.loads(content) if format_ == "json" else list(map(json.loads, content.splitlines()))
    assert rows == expected
    assert isinstance(rows[0]["metrics"], dict)


@pytest.mark.parametrize(("format_", "nothing"), [("json", b"[]\n"), ("jsonl", b"")])
@pytest.mark.parametrize("model", [None, "session-summaries"])
def test_an_empty_log_gives_nothing(
    format_: str, nothing: bytes, model: str | None, tmp_path: Path
) -> None:
    EventLog.open(tmp_path / "log").close()
    assert exported(tmp_path / "log", format_, Selection(model=model)) == nothing


def test_numbers_of_64_bits_and_more_stay_exact(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("session.summarized", {"gold": 2**64 - 1}, subject="s")
    rows = json.loads(exported(tmp_path / "log", "json", Selection(model="session-summaries")))
    assert rows[0]["gold"] == 2**64 - 1
    events = msgspec.json.decode(exported(tmp_path / "log", "json"))
    assert events[0]["data"]["gold"] == 2**64 - 1


@pytest.mark.parametrize("format_", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("model", ["session-summaries", "areas", "practice-metrics"])
def test_rows_that_are_too_many_for_memory_are_written_as_few_are(
    model: str, format_: str, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"areas": "areas", "practice-metrics": "practice_metrics_users"}.get(model)
    few = exported(log, format_, Selection(model=model), table=table)
    monkeypatch.setattr(_documents, "_MOST_IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    assert exported(log, format_, Selection(model=model), table=table) == few
    assert set(tmp_path.iterdir()) == before


def test_without_room_for_them_it_says_where(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_documents, "_MOST_IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(OSError, match="set TMPDIR to a directory that has more") as raised:
        exported(log, "csv", Selection(model="session-summaries"))
    assert raised.value.filename == "/nowhere"
