"""The file behind an index of the log: a table in SQLite, and the SHA-256 of that file beside it.

A damaged row would let an event in twice, or deny one that is new, and SQLite itself does not
notice. So a file is believed only when it has the hash that was noted after the last change, and
the note is gone while a change is under way. Whoever finds none fills the table again from the log.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

from eventlog._files import Files, ensure_directory

_SCHEMA_VERSION = 3
_HEX_BYTES = 64

Known = tuple[int, bytes]
"""Sequence, and the digest of what the event says."""
Row = tuple[bytes, int, bytes]
"""Key, sequence and digest."""


class IndexFile:
    """Rows by key, and how far in the log they reach. Raises sqlite3.Error and OSError."""

    def __init__(self, directory: Path, name: str, files: Files, *, anew: bool = False) -> None:
        self._path = directory / f"{name}.sqlite"
        self._note = directory / f"{name}.sqlite.sha256"
        self._files = files
        ensure_directory(directory, files)
        anew = anew or not self._is_as_noted()
        if anew:
            self._start_anew()
        self._database = self._connect()
        if anew:
            self._note_hash()

    def _is_as_noted(self) -> bool:
        try:
            if self._path.is_symlink():  # whatever it points to is not ours to write to
                return False
            with self._path.open("rb") as file, self._note.open("rb") as note:
                return file_digest(file, "sha256").hexdigest().encode() == note.read(_HEX_BYTES)
        except FileNotFoundError:
            return False

    def _start_anew(self) -> None:
        for stale in self._path.parent.glob(f"{self._path.name}*"):
            self._files.unlink(stale)
        self._files.close(self._files.create(self._path))  # SQLite would let others read it

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        try:
            # Neither a journal nor a sync on the disk: what a crash leaves is not believed anyway.
            database.execute("PRAGMA journal_mode = MEMORY")
            database.execute("PRAGMA synchronous = OFF")
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, _SCHEMA_VERSION):
                raise sqlite3.DatabaseError("another version of the index")
            if not found:
                database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
                database.execute(
                    "CREATE TABLE known (key BLOB PRIMARY KEY, sequence INTEGER, content BLOB) "
                    "WITHOUT ROWID"
                )
                database.execute("CREATE TABLE reached (through INTEGER, check_ TEXT)")
        except BaseException:
            database.close()
            raise
        return database

    def stored_bytes(self) -> int:
        """The size of the file, all of which is hashed after a change."""
        return self._path.stat().st_size

    def reached(self) -> tuple[int, str]:
        """The last sequence that was taken in, and the check of its line; 0 when empty."""
        row = self._database.execute("SELECT through, check_ FROM reached").fetchone()
        if row is None:
            return 0, ""
        _check_types(row, (int, str))
        return row[0], row[1]

    def look_up(self, key: bytes) -> Known | None:
        """What is known of a key. DatabaseError when another process died while changing it."""
        if not os.path.exists(self._note):  # noqa: PTH110 - a quarter of the time, for every event
            raise sqlite3.DatabaseError("a change was cut short")
        query = "SELECT sequence, content FROM known WHERE key = ?"
        row = self._database.execute(query, (key,)).fetchone()
        if row is None:
            return None
        _check_types(row, (int, bytes))
        return row[0], row[1]

    def store(self, rows: Iterator[Row], through: int, check: str) -> None:
        """Add rows, all or none, and note the hash of what there is now."""
        if os.path.lexists(self._note):
            self._files.unlink(self._note)
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", rows)
            self._database.execute("DELETE FROM reached")
            self._database.execute("INSERT INTO reached VALUES (?, ?)", (through, check))
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._note_hash()

    def _note_hash(self) -> None:
        with self._path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        self._files.close(self._files.create(self._note))
        self._note.write_text(digest)  # derived like SQLite's own file, and not a write of the log

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _check_types(row: tuple[Any, ...], types: tuple[type, ...]) -> None:
    """SQLite keeps whatever it is given, whatever the column says."""
    if tuple(map(type, row)) != types:
        raise sqlite3.DatabaseError("a row that nobody wrote")
