"""CSV: what RFC 4180 asks for, exact, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog
from projections.exports import Selection, export_to_file, export_to_stream
from projections.exports._columns import Column, Kind, Row
from projections.exports._csv import write_csv
from tests.exports.helpers import lines_of, reading, write_log

HEADER = "sequence,id,source,type,subject,time,schemaversion,data,extensions"


def csv_of(log: Path, selection: Selection | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    with reading(log) as opened:
        export_to_stream(opened, stream, "csv", selection, **options)
    return stream.getvalue()


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def write(columns: dict[str, Kind], *rows: Row) -> bytes:
    stream = io.BytesIO()
    write_csv(tuple(Column(name, kind) for name, kind in columns.items()), rows, stream)
    return stream.getvalue()


def test_events_come_back_as_they_were(log: Path) -> None:
    header, *rows = read_csv(csv_of(log))
    assert ",".join(header) == HEADER
    with reading(log) as opened:
        expected = list(opened.read())
    assert len(rows) == len(expected)
    for row, event in zip(rows, expected, strict=True):
        assert row[:5] == [
            str(event.sequence), event.id, event.source, event.type, event.subject or ""
        ]  # fmt: skip
        assert row[5] == event.time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        assert row[6] == str(event.schemaversion)
        assert json.loads(row[7]) == event.data
        assert json.loads(row[8]) == event.extensions


def test_data_are_the_bytes_of_the_line(log: Path) -> None:
    rows = read_csv(csv_of(log))[1:]
    for row, line in zip(rows, lines_of(log), strict=True):
        assert f',"data":{row[7]},"c' in line.decode()  # commit or crc32 follows


def test_every_line_ends_in_crlf(log: Path) -> None:
    content = csv_of(log)
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == 41  # data hold no raw line ends


def test_an_empty_log_gives_the_header(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    assert csv_of(tmp_path / "log") == HEADER.encode() + b"\r\n"
    model = csv_of(tmp_path / "log", Selection(model="session-summaries"))
    assert model.startswith(b"subject,source,status,")
    assert model.count(b"\r\n") == 1


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "-", "=", "=\"a\",\"b\"",
     "+49 1234", "-2+3+cmd|' /C calc'!A0", "@", "\t", "\r", "\n", "'=1", "'"],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.JSON])
def test_a_text_that_looks_like_a_formula_gets_an_apostrophe(text: str, kind: Kind) -> None:
    content = write({"a": kind, "b": kind}, (text, text))
    assert read_csv(content)[1] == [f"'{text}", f"'{text}"]


@pytest.mark.parametrize("text", ["", "a=1", "1-1", "a'=1", " =1", "s-17", "{}", "ü", '"'])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert read_csv(write({"a": Kind.TEXT, "b": Kind.TEXT}, (text, "x")))[1] == [text, "x"]


def test_numbers_stay_numbers() -> None:
    columns = {"a": Kind.INTEGER, "b": Kind.REAL, "c": Kind.NUMBER}
    content = write(columns, (-1, -0.5, -(2**70)), (None, 1e-7, 2**64 - 1))
    assert content == b"a,b,c\r\n-1,-0.5,-1180591620717411303424\r\n,1e-07,18446744073709551615\r\n"


def test_absent_values_are_empty_and_truth_is_spelled_as_in_json() -> None:
    content = write({"a": Kind.TEXT, "b": Kind.BOOLEAN}, (None, True), ("x", False), ("y", None))
    assert content == b"a,b\r\n,true\r\nx,false\r\ny,\r\n"


def test_events_and_models_are_guarded(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("session.annotated", {"notes": "\t=HYPERLINK()"}, subject="=1+1", id="@id")
        log.append("-type", {"-1": "=1"}, source="+x")
    rows = read_csv(csv_of(tmp_path / "log"))
    assert rows[1][1] == "'@id"
    assert rows[1][4] == "'=1+1"
    assert rows[2][2:4] == ["'+x", "'-type"]
    assert rows[2][7] == '{"-1":"=1"}'
    model = read_csv(csv_of(tmp_path / "log", Selection(model="session-summaries")))
    cells = dict(zip(model[0], model[1], strict=True))
    assert cells["subject"] == "'=1+1"
    assert cells["notes"] == "'\t=HYPERLINK()"


def test_a_row_of_megabytes_is_written_whole(tmp_path: Path) -> None:
    text = 'a"b,\\\n' * 300_000
    with EventLog.open(tmp_path / "log", max_line_bytes=16 << 20) as log:
        log.append("large", {"text": text})
    with reading(tmp_path / "log") as opened:
        export_to_file(opened, tmp_path / "out.csv", "csv")
    limit = csv.field_size_limit(32 << 20)
    try:
        rows = read_csv((tmp_path / "out.csv").read_bytes())
    finally:
        csv.field_size_limit(limit)
    assert json.loads(rows[1][7]) == {"text": text}


def test_a_stream_stays_open_after_success_and_after_failure(log: Path) -> None:
    class Broken(io.BytesIO):
        def write(self, data: Any) -> int:
            raise BrokenPipeError

    stream = Broken()
    with reading(log) as opened, pytest.raises(BrokenPipeError):
        export_to_stream(opened, stream, "csv")
    assert not stream.closed


def test_nested_values_of_a_model_are_json(tmp_path: Path) -> None:
    write_log(tmp_path / "log")
    rows = read_csv(csv_of(tmp_path / "log", Selection(model="session-analysis")))
    cells = dict(zip(rows[0], rows[1], strict=True))
    assert isinstance(json.loads(cells["task_breakdown"]), dict)
    assert isinstance(json.loads(cells["bottlenecks"]), list)
