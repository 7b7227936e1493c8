"""Which events and which moment an export is about."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog, EventTypes, Query
from projections import SessionSummaries, project, to_document
from projections.exports import ExportOptionError, FileExport, Selection, export_to_stream
from tests.exports.helpers import lines_of, moment, odd_event, reading


def jsonl(log: Path, selection: Selection, **options: Any) -> tuple[list[bytes], FileExport]:
    stream = io.BytesIO()
    with reading(log) as opened:
        done = export_to_stream(opened, stream, "jsonl", selection, **options)
    return stream.getvalue().splitlines(), done


def numbers(log: Path, selection: Selection) -> list[int]:
    return [int(json.loads(line)["sequence"]) for line in jsonl(log, selection)[0]]


def test_all_filters_must_hold(log: Path) -> None:
    selection = Selection(types=["note", "x"], subject="s-1", since=moment(5), before=moment(35))
    with reading(log) as opened:
        query = Query(types=["note", "x"], subject="s-1", since=moment(5), before=moment(35))
        expected = [event.sequence for _, event in opened.scan(query)]
    assert numbers(log, selection) == expected
    assert expected


def test_as_of_includes_its_sequence_and_its_time(log: Path) -> None:
    assert numbers(log, Selection(as_of=7)) == list(range(1, 8))
    assert numbers(log, Selection(as_of=moment(7))) == list(range(1, 8))
    assert numbers(log, Selection(as_of=moment(7) - timedelta(microseconds=1)))[-1] == 6
    assert numbers(log, Selection(as_of=datetime.max.replace(tzinfo=UTC)))[-1] == 40
    assert numbers(log, Selection(as_of=999, before=moment(3))) == [1, 2]
    assert numbers(log, Selection(as_of=moment(9), before=moment(3))) == [1, 2]
    assert numbers(log, Selection(as_of=0)) == []


def test_the_export_says_what_it_covers(log: Path, tmp_path: Path) -> None:
    done = jsonl(log, Selection(types="note"))[1]
    assert (done.from_sequence, done.to_sequence, done.rows) == (1, 40, 14)
    EventLog.open(tmp_path / "empty").close()
    done = jsonl(tmp_path / "empty", Selection())[1]
    assert (done.from_sequence, done.to_sequence, done.rows) == (None, 0, 0)


def test_what_is_appended_meanwhile_is_not_part_of_it(log: Path) -> None:
    class Appending(io.BytesIO):
        def write(self, data: Any) -> int:
            with EventLog.open(log) as writer:
                writer.extend([odd_event(41)])
            return super().write(data)

    stream = Appending()
    with reading(log) as opened:
        done = export_to_stream(opened, stream, "jsonl")
    assert len(stream.getvalue().splitlines()) == done.rows == done.to_sequence == 40


def test_a_model_is_as_of_a_moment_too(log: Path) -> None:
    for as_of in (7, moment(7)):
        lines, _ = jsonl(log, Selection(model="session-summaries", as_of=as_of))
        with reading(log) as opened:
            expected = to_document(project(opened, SessionSummaries(), as_of))
        assert list(map(json.loads, lines)) == expected


def test_the_filters_of_a_model_choose_the_events_it_is_made_of(log: Path) -> None:
    lines, _ = jsonl(log, Selection(model="session-summaries", subject="s-1", before=moment(20)))
    with reading(log) as opened:
        events = [event for event in opened.read(subject="s-1") if event.time < moment(20)]
    (row,) = map(json.loads, lines)
    assert (row["subject"], row["events"]) == ("s-1", len(events))


def test_events_are_exported_as_stored_also_when_they_have_upcasters(log: Path) -> None:
    types = EventTypes()

    @types.upcaster("note", from_version=1)
    def _later(data: dict[str, Any]) -> dict[str, Any]:
        return {"changed": True}

    stream = io.BytesIO()
    with EventLog.open(log, readonly=True, types=types) as opened:
        export_to_stream(opened, stream, "csv")
    assert b"changed" not in stream.getvalue()
    assert len(lines_of(log)) == 40


def test_the_filters_are_the_same_text_however_they_are_written() -> None:
    here = timezone(timedelta(hours=1))
    one = Selection(types=["b", "a", "b"], since=datetime(2026, 1, 1, 1, tzinfo=here))
    two = Selection(types=["a", "b"], since=datetime(2026, 1, 1, tzinfo=UTC), as_of=7)
    assert one.filters() == two.filters()
    assert one.filters() == '{"types":["a","b"],"since":"2026-01-01T00:00:00.000000Z"}'
    assert Selection().filters() == "{}"


def test_a_time_as_of_which_events_are_exported_is_a_filter() -> None:
    assert Selection(as_of=moment(1)).filters() != "{}"
    assert Selection(as_of=moment(1), model="areas").filters() == "{}"


def test_an_unknown_model_is_refused_with_all_names(log: Path) -> None:
    with pytest.raises(ExportOptionError, match="no read model 'x': there are session-summaries, "):
        jsonl(log, Selection(model="x"))


def test_a_model_of_several_tables_wants_one_named(log: Path) -> None:
    with pytest.raises(ExportOptionError, match="has the tables areas_best, areas_dangerous, ar"):
        jsonl(log, Selection(model="areas"))
    with pytest.raises(ExportOptionError, match="areas has no table 'best', but areas_best, "):
        jsonl(log, Selection(model="areas"), table="best")
    assert jsonl(log, Selection(model="areas"), table="areas_best")[1].table == "areas_best"


def test_events_are_one_table(log: Path) -> None:
    assert jsonl(log, Selection(), table="events")[1].rows == 40
    with pytest.raises(ExportOptionError, match="there is no 'areas'"):
        jsonl(log, Selection(), table="areas")


def test_progress_adds_up_to_the_bytes_of_the_lines(log: Path) -> None:
    told: list[int] = []
    jsonl(log, Selection(), advance=told.append)
    assert sum(told) == sum(len(line) + 1 for line in lines_of(log))
