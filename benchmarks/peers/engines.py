"""DuckDB and Polars, asked the selective question about the files of a log as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks._area_totals import FIELDS, TYPE, Totals

Answer = dict[tuple[str, str], Totals]

_SUMS = ", ".join(f"sum(coalesce(data.{name}, 0))::BIGINT" for name in FIELDS)
_DATA = f"STRUCT(area VARCHAR, {', '.join(f'{name} BIGINT' for name in FIELDS)})"


def _rows(files: list[str], compression: str) -> str:
    return f"""
        SELECT subject, data FROM read_json(
            {files}, format = 'newline_delimited', compression = '{compression}',
            columns = {{'type': 'VARCHAR', 'subject': 'VARCHAR', 'data': '{_DATA}'}})
        WHERE type = '{TYPE}'
    """  # noqa: S608 - of our own constants and paths


def duckdb_area_totals(segments: Path) -> Answer:
    """DuckDB with two threads; nothing is read that the answer does not need."""
    import duckdb

    sources = [_rows(_files(segments, "*.zst"), "zstd")]
    raw = [path for path in _files(segments, "*.jsonl") if Path(path).stat().st_size]
    if raw:
        sources.append(_rows(raw, "uncompressed"))
    query = f"""
        SELECT subject, data.area, count(*)::BIGINT, {_SUMS}
        FROM ({" UNION ALL ".join(sources)}) GROUP BY ALL
    """  # noqa: S608 - of our own constants and paths
    with duckdb.connect(config={"threads": 2}) as connection:
        return _answer(connection.execute(query).fetchall())


def polars_area_totals(segments: Path) -> Answer:
    """Polars, lazily, with as many threads as there are cores."""
    import polars

    data = {"area": polars.String, **dict.fromkeys(FIELDS, polars.Int64)}
    schema = {"type": polars.String, "subject": polars.String, "data": polars.Struct(data)}
    field = polars.col("data").struct.field
    rows = (
        polars.scan_ndjson(_files(segments, "*.zst"), schema=schema)
        .filter(polars.col("type") == TYPE)
        .group_by("subject", field("area"))
        .agg(polars.len(), *[field(name).fill_null(0).sum() for name in FIELDS])
        .collect()
        .rows()
    )
    return _answer(rows)


def _files(segments: Path, pattern: str) -> list[str]:
    return sorted(map(str, segments.glob(pattern)))


def _answer(rows: list[Any]) -> Answer:
    return {(row[0], row[1]): list(row[2:]) for row in rows}
