"""JSON and JSON lines: the events as they are stored, the rows of models nested."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventlog import EventLog
from projections import SessionSummaries, project, to_document
from projections.exports import Selection, export_to_stream
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
