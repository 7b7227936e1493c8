"""All writers that are compared write the same events."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks import syncing, writing
from benchmarks._workload import Plain, plain_events
from benchmarks.peers import umadb_server
from eventlog import EventLog

Facts = tuple[str, str, str, dict[str, Any]]
"""Type, subject, source and data."""

COUNT = 120
SIZE = 12_000
WAYS = {**writing.ways(SIZE), **syncing.EACH, **syncing.BATCHES}


def facts(fields: dict[str, Any], type_key: str = "type") -> Facts:
    return fields[type_key], fields["subject"], fields["source"], fields["data"]


def lines(target: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """The lines of all files, the oldest first; of those that are rotated, too."""
    for path in sorted(target.glob(pattern), key=lambda path: path.stat().st_mtime_ns):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        yield from map(json.loads, content.splitlines())


def of_log(target: Path) -> Iterator[Facts]:
    with EventLog.open(target / "log", readonly=True) as log:
        for event in log.read():
            yield event.type, str(event.subject), event.source, event.data


def of_sqlite(target: Path) -> Iterator[Facts]:
    with closing(sqlite3.connect(target / "events.db")) as connection:
        query = "SELECT type, subject, source, data FROM events ORDER BY sequence"
        for type_, subject, source, data in connection.execute(query):
            yield type_, subject, source, json.loads(data)


def of_loguru(target: Path) -> Iterator[Facts]:
    for one in lines(target, "*"):
        record = one["record"]
        yield facts({**record["extra"], "type": record["message"]})


def of_structlog(target: Path) -> Iterator[Facts]:
    return (facts(one, "event") for one in lines(target, "*"))


def of_umadb(target: Path) -> Iterator[Facts]:
    with umadb_server.server(target) as client:
        for one in client.read():
            event = one.event
            yield event.event_type, event.tags[0], event.metadata["source"], json.loads(event.data)


def of_lines(target: Path) -> Iterator[Facts]:
    return map(facts, lines(target, "*"))


READERS: dict[str, Callable[[Path], Iterator[Facts]]] = {
    "append": of_log,
    "extend": of_log,
    "SQLite": of_sqlite,
    "loguru": of_loguru,
    "structlog": of_structlog,
    "UmaDB": of_umadb,
}
"""By how the name of a writer begins; the others write lines of JSON."""


@pytest.fixture(scope="module")
def events() -> list[Plain]:
    return list(plain_events(COUNT))


def write(name: str, target: Path, events: list[Plain]) -> None:
    try:
        with WAYS[name](target, events) as loop:
            loop()
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed (make bench installs it)")


@pytest.mark.parametrize("name", [name for name in WAYS if "eventsourcing" not in name])
def test_a_writer_writes_every_event_once(name: str, tmp_path: Path, events: list[Plain]) -> None:
    write(name, tmp_path, events)
    read = next((READERS[start] for start in READERS if name.startswith(start)), of_lines)
    written = [(one.type, one.subject, one.source, one.data) for one in events]
    assert sorted(map(repr, read(tmp_path))) == sorted(map(repr, written))


@pytest.mark.parametrize("name", [name for name in WAYS if "eventsourcing" in name])
def test_aggregates_record_every_event_once(name: str, tmp_path: Path, events: list[Plain]) -> None:
    write(name, tmp_path, events)
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        rows = connection.execute("SELECT state FROM stored_events WHERE originator_version > 1")
        states = [json.loads(state) for (state,) in rows]
    found = [(one["type"], one["source"], one["data"]) for one in states]
    assert sorted(map(repr, found)) == sorted(
        repr((one.type, one.source, one.data)) for one in events
    )
