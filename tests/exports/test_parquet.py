"""Parquet, read back by DuckDB."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from eventlog import EventLog
from projections.exports import (
    ExportError,
    MissingExtraError,
    Selection,
    export_to_file,
    export_to_stream,
)
from projections.exports._columns import Column, Kind
from projections.exports._parquet import write_parquet
from tests.exports.helpers import ODD_DATA, reading


def exported(log: Path, selection: Selection | None = None, **options: Any) -> Path:
    path = log.with_suffix(".parquet")
    with reading(log) as opened:
        export_to_file(opened, path, "parquet", selection, **options)
    return path


def ask(sql: str, path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql, [str(path)]).fetchall()


def test_columns_are_typed(log: Path) -> None:
    columns = ask("DESCRIBE SELECT * FROM read_parquet($1)", exported(log))
    assert {row[0]: row[1] for row in columns} == {
        "sequence": "BIGINT", "id": "VARCHAR", "source": "VARCHAR", "type": "VARCHAR",
        "subject": "VARCHAR", "time": "TIMESTAMP WITH TIME ZONE", "schemaversion": "BIGINT",
        "data": "JSON", "extensions": "JSON",
    }  # fmt: skip


def test_events_come_back_as_they_were_and_in_order(log: Path) -> None:
    rows = ask(
        "SELECT sequence, id, source, type, subject, epoch_us(time), schemaversion,"
        " data::VARCHAR, extensions::VARCHAR FROM read_parquet($1)",
        exported(log),
    )
    with reading(log) as opened:
        for row, event in zip(rows, opened.read(), strict=True):
            assert row[:5] == (event.sequence, event.id, event.source, event.type, event.subject)
            assert row[5] == round(event.time.timestamp() * 1_000_000)
            assert row[6] == event.schemaversion
            assert json.loads(row[7]) == event.data
            assert json.loads(row[8]) == event.extensions


def test_data_keep_their_text(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        for data in ODD_DATA:
            log.append("odd", data)
    texts = ask("SELECT data::VARCHAR FROM read_parquet($1)", exported(tmp_path / "log"))
    assert '"big":18446744073709551615' in texts[3][0]
    assert '"whole":1.0' in texts[3][0]
    assert texts[2][0] == '{"nul":"a\\u0000b"}'


def test_a_number_can_be_taken_out_of_the_data(log: Path) -> None:
    rows = ask(
        "SELECT DISTINCT data->>'$.big' FROM read_parquet($1) WHERE data->>'$.big' IS NOT NULL",
        exported(log),
    )
    assert rows == [("18446744073709551615",)]


def test_an_empty_log_gives_typed_columns_without_rows(tmp_path: Path) -> None:
    EventLog.open(tmp_path / "log").close()
    path = exported(tmp_path / "log")
    assert ask("SELECT count(*) FROM read_parquet($1)", path) == [(0,)]
    assert len(ask("DESCRIBE SELECT * FROM read_parquet($1)", path)) == 9


def test_a_row_of_megabytes_is_written_whole(tmp_path: Path) -> None:
    text = '"\\' * (2 << 20)
    with EventLog.open(tmp_path / "log", max_line_bytes=16 << 20) as log:
        log.append("large", {"text": text})
        log.append("small")
    rows = ask("SELECT data::VARCHAR FROM read_parquet($1)", exported(tmp_path / "log"))
    assert [json.loads(row[0]) for row in rows] == [{"text": text}, {}]


def test_a_model_has_typed_columns(log: Path) -> None:
    path = exported(log, Selection(model="session-summaries"))
    columns = {row[0]: row[1] for row in ask("DESCRIBE SELECT * FROM read_parquet($1)", path)}
    assert columns["started"] == "TIMESTAMP WITH TIME ZONE"
    assert columns["events"] == "BIGINT"
    assert columns["velocity"] == columns["gold"] == "DOUBLE"
    assert columns["metrics"] == "JSON"
    assert ask("SELECT sum(events)::INT FROM read_parquet($1)", path) == [(40,)]


def test_a_whole_number_of_more_than_64_bits_makes_a_column_of_floats(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("area.visited", {"area": "a", "flees": 1e300, "seconds": 1}, subject="s")
    path = exported(tmp_path / "log", Selection(model="areas"), table="areas_dangerous")
    assert ask("SELECT flees FROM read_parquet($1)", path) == [(1e300,)]


def test_text_with_nul_and_line_ends_survives_in_a_model(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("session.annotated", {"notes": 'a\0b\r\n"c"'}, subject="s")
    path = exported(tmp_path / "log", Selection(model="session-summaries"))
    assert ask("SELECT notes FROM read_parquet($1)", path) == [('a\0b\r\n"c"',)]


def test_a_stream_gets_the_whole_file(log: Path, tmp_path: Path) -> None:
    stream = io.BytesIO()
    with reading(log) as opened:
        export_to_stream(opened, stream, "parquet")
    (tmp_path / "copy.parquet").write_bytes(stream.getvalue())
    assert ask("SELECT count(*) FROM read_parquet($1)", tmp_path / "copy.parquet") == [(40,)]


@pytest.mark.parametrize("name", ["a[b]*?{c}", "'q\"; --", "ü 😀"])
def test_a_path_is_only_a_path(name: str, log: Path, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with reading(log) as opened:
        export_to_file(opened, tmp_path / name / name, "parquet")
    (tmp_path / "plain").write_bytes((tmp_path / name / name).read_bytes())
    assert ask("SELECT count(*) FROM read_parquet($1)", tmp_path / "plain") == [(40,)]


def test_a_path_that_duckdb_cannot_take_is_refused(log: Path, tmp_path: Path) -> None:
    (tmp_path / "\udcff").mkdir()
    with reading(log) as opened, pytest.raises(ExportError, match=r"no UTF-8"):
        export_to_file(opened, tmp_path / "\udcff" / "x", "parquet")


def test_an_error_of_duckdb_is_one_clear_error(tmp_path: Path) -> None:
    columns, rows = (Column("n", Kind.INTEGER),), [("no number",)]
    with pytest.raises(ExportError, match=r"DuckDB: .*no number"):
        write_parquet(columns, rows, tmp_path / "x")


def test_without_duckdb_the_error_says_what_to_install(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'eventlog\[sql\]'"):
        exported(log)
    assert not log.with_suffix(".parquet").exists()
