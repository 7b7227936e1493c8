"""A table of events in SQLite, in WAL mode."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks._workload import BATCH, Plain
from benchmarks._writers import Loop

Synchronous = Literal["FULL", "NORMAL"]
"""In WAL mode, FULL syncs at every commit; NORMAL only when the WAL is moved into the database."""

_encode = msgspec.json.Encoder().encode
_TABLE = """
    CREATE TABLE events (
        sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, source TEXT NOT NULL, data BLOB NOT NULL
    )
"""
_INSERT = "INSERT INTO events (time, type, subject, source, data) VALUES (?, ?, ?, ?, ?)"


@contextmanager
def _opened(target: Path, synchronous: Synchronous) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(target / "events.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute(_TABLE)
        yield connection


def _row(one: Plain) -> tuple[int, str, str, str, bytes]:
    return time.time_ns(), one.type, one.subject, one.source, _encode(one.data)


@contextmanager
def insert_each(target: Path, events: list[Plain], synchronous: Synchronous) -> Iterator[Loop]:
    """One transaction per event."""
    with _opened(target, synchronous) as connection:

        def loop() -> None:
            for one in events:
                connection.execute(_INSERT, _row(one))

        yield loop


@contextmanager
def insert_batches(target: Path, events: list[Plain], synchronous: Synchronous) -> Iterator[Loop]:
    """A thousand events per transaction."""
    with _opened(target, synchronous) as connection:

        def loop() -> None:
            for start in range(0, len(events), BATCH):
                connection.execute("BEGIN")
                connection.executemany(_INSERT, map(_row, events[start : start + BATCH]))
                connection.execute("COMMIT")

        yield loop
