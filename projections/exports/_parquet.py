"""Parquet, which DuckDB writes from a temporary file of JSON lines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from attrs import frozen

from projections.exports._columns import Column, Kind, Row
from projections.exports._errors import ExportError, MissingExtraError
from projections.exports._sql import quoted

_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.REAL: "DOUBLE",
    Kind.NUMBER: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.TIME: "TIMESTAMPTZ",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.JSON: "VARCHAR",  # as JSON it would be written anew; see _SELECT
}
_LEAST_BUFFER = 16 << 20
_GROUP_ROWS = 20 * 2048
_GROUP_BYTES = 64 << 20


def write_parquet(columns: tuple[Column, ...], rows: Iterable[Row], path: Path) -> int:
    """Write all rows into a new file; how many there were.

    Columns are typed; times keep their microseconds. JSON columns carry their text unchanged.
    """
    _duckdb()  # before any work, so that what is missing is said at once
    _check_path(path)
    with tempfile.TemporaryDirectory(prefix=".eventlog-export-", dir=path.parent) as work:
        written = _write_lines(columns, rows, Path(work) / "rows.jsonl")
        _convert(columns, written, path)
    return written.rows


def _check_path(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ExportError("DuckDB cannot write to a path that is no UTF-8", path=path) from None


@frozen
class _Lines:
    path: Path
    rows: int
    longest: int
    """Bytes of the longest line: DuckDB has to be told."""

    @property
    def group_rows(self) -> int:
        """Rows of a row group, which is put together in memory: fewer where rows are large."""
        average = self.path.stat().st_size // max(1, self.rows) + 1
        return max(1, min(_GROUP_ROWS, _GROUP_BYTES // average))


def _write_lines(columns: tuple[Column, ...], rows: Iterable[Row], path: Path) -> _Lines:
    names = [column.name for column in columns]
    encode, count, longest = msgspec.json.Encoder().encode, 0, 0
    with path.open("xb") as file:
        for row in rows:
            line = encode(dict(zip(names, row, strict=True)))
            file.write(line + b"\n")
            count += 1
            longest = max(longest, len(line))
    return _Lines(path, count, longest)


def _convert(columns: tuple[Column, ...], lines: _Lines, path: Path) -> None:
    duckdb = _duckdb()
    parameters = {
        "path": str(lines.path),
        "columns": {column.name: _TYPES[column.kind] for column in columns},
        "buffer": max(_LEAST_BUFFER, lines.longest + 1),
    }
    # One thread is as fast as two, and needs half the memory.
    config = {"temp_directory": str(lines.path.parent), "threads": 1}
    try:
        with duckdb.connect(config=config) as connection:
            relation = connection.sql(_select(columns), params=parameters)
            relation.write_parquet(str(path), compression="zstd", row_group_size=lines.group_rows)
    except duckdb.Error as error:
        raise ExportError(f"DuckDB: {' '.join(str(error).split())}") from None


def _select(columns: tuple[Column, ...]) -> str:
    nested = ", ".join(
        f"{quoted(column.name)}::JSON AS {quoted(column.name)}"
        for column in columns
        if column.kind is Kind.JSON
    )
    replaced = f"REPLACE ({nested})" if nested else ""
    return (
        f"SELECT * {replaced} FROM read_json($path, format = 'newline_delimited', "  # noqa: S608
        "columns = $columns, maximum_object_size = $buffer)"
    )


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("DuckDB, which writes Parquet,", "sql") from None
    return duckdb
