"""Ids that callers gave, so that a retry is stored once.

An index in ``cache/ids.sqlite``: derived from the log, built on the first use of a given id, caught
up on every opening, thrown away when it does not fit the log. A log whose callers give no ids never
has one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from eventlog._catalog import Catalog
from eventlog._codec import GivenId, Prepared, content_of, decode_line, sequence_of
from eventlog._errors import ConflictError, InvalidEventError
from eventlog._files import Files
from eventlog._format import CACHE_NAME
from eventlog._query import Query
from eventlog._reader import Lines, line_blocks

INDEX_NAME = "ids.sqlite"
_SCHEMA_VERSION = 1
_PENDING_AT_MOST = 10_000

_Row = tuple[bytes, int, bytes]
_Known = tuple[int, bytes]
"""Sequence, and the digest of what the event says."""


def _key(source: str, id_: str) -> bytes:
    return blake2b(f"{source}\0{id_}".encode(), digest_size=16).digest()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


class GivenIds:
    """Looks up given ids. Used only under the writer's lock."""

    def __init__(self, catalog: Catalog, files: Files, head: int) -> None:
        self._catalog = catalog
        self._own = f"{catalog.identity.log_id}-"
        self._block: Lines | None = None
        self._pending: dict[bytes, tuple[int, bytes]] = {}
        self._through = head
        try:
            self._database = self._open(catalog.path / CACHE_NAME, files)
            self._catch_up(head)
        except (
            sqlite3.Error,
            TypeError,
        ):  # damaged behind its header: it is derived, build it anew
            self._database = self._open(catalog.path / CACHE_NAME, files, anew=True)
            self._catch_up(head)

    def place(self, batch: list[Prepared], head: int) -> tuple[list[Prepared], list[int]]:
        """What of a batch is not in the log yet, and the sequence of each of its events.

        ConflictError when an id belongs to another event, in the log or in the batch itself.
        """
        fresh: list[Prepared] = []
        sequences: list[int] = []
        in_batch: dict[bytes, _Known] = {}
        for prepared in batch:
            given = prepared.given
            known = None if given is None else self._find(given, head, in_batch)
            if known is None:
                fresh.append(prepared)
                known = head + len(fresh)
                if given is not None:
                    in_batch[_key(given.source, given.id)] = (known, _digest(given.content))
            sequences.append(known)
        return fresh, sequences

    def _find(self, given: GivenId, head: int, in_batch: dict[bytes, _Known]) -> int | None:
        if given.id.startswith(self._own):
            return self._find_own(given, head)
        key = _key(given.source, given.id)
        known = in_batch.get(key) or self._pending.get(key) or self._look_up(key)
        if known is None:
            return None
        sequence, content = known
        if content != _digest(given.content):
            raise self._conflict(given, sequence)
        return sequence

    def _look_up(self, key: bytes) -> _Known | None:
        query = "SELECT sequence, content FROM ids WHERE key = ?"
        row: _Known | None = self._database.execute(query, (key,)).fetchone()
        return row

    def _find_own(self, given: GivenId, head: int) -> int:
        """An id as this log makes them: it names the event itself."""
        number = given.id[len(self._own) :]
        if not (number.isdecimal() and number == str(int(number)) and 1 <= int(number) <= head):
            raise InvalidEventError(
                f"id {given.id!r} looks like one that this log makes itself, and no event has it: "
                "choose another"
            )
        if content_of(self._line_at(int(number))) != given.content:
            raise self._conflict(given, int(number))
        return int(number)

    def _line_at(self, sequence: int) -> bytes:
        """One line of the log; neighbors are often asked for together, so their block is kept."""
        if self._block is None or not self._block.first <= sequence <= self._block.last:
            query = Query(after=sequence - 1, until=sequence)
            self._block = next(iter(line_blocks(self._catalog, query)))
        return self._block.lines[sequence - self._block.first]

    def _conflict(self, given: GivenId, sequence: int) -> ConflictError:
        return ConflictError(
            f"id {given.id!r} of source {given.source!r} belongs to an event with another "
            "type, subject or data: give this event an id of its own",
            path=self._catalog.path,
            sequence=sequence,
        )

    def take_in(self, foreign_through: int) -> None:
        """Learn the ids of events that other processes wrote, which end at this sequence."""
        if foreign_through > self._through:
            for key, sequence, content in self._rows_after(self._through):
                self._pending.setdefault(key, (sequence, content))
            self._through = foreign_through

    def add(self, written: list[Prepared], first: int) -> None:
        """Remember the ids of events that were just written from sequence ``first`` on."""
        for sequence, prepared in enumerate(written, first):
            if prepared.given is not None:
                key = _key(prepared.given.source, prepared.given.id)
                self._pending[key] = (sequence, _digest(prepared.given.content))
        self._through = max(self._through, first + len(written) - 1)
        if len(self._pending) >= _PENDING_AT_MOST:
            self.save()

    def save(self) -> None:
        """Write what is pending. What a crash loses here is found again in the log."""
        rows = [(key, sequence, content) for key, (sequence, content) in self._pending.items()]
        self._store(iter(rows), self._through)
        self._pending.clear()

    def close(self) -> None:
        """Close without saving what is pending."""
        self._database.close()

    def _open(self, directory: Path, files: Files, *, anew: bool = False) -> sqlite3.Connection:
        if not directory.is_dir():
            files.make_directory(directory)
        path = directory / INDEX_NAME
        if path.is_symlink():
            path.unlink()  # whatever it points to is not ours to write to
        if anew:
            for stale in directory.glob(f"{INDEX_NAME}*"):
                stale.unlink()
        return self._connect(path, files)

    def _connect(self, path: Path, files: Files) -> sqlite3.Connection:
        if not path.exists():
            files.close(files.create(path))  # SQLite itself would make it readable to others
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if database.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("the index is damaged")
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, _SCHEMA_VERSION):
                raise sqlite3.DatabaseError("another version of the index")
            database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            database.execute(
                "CREATE TABLE IF NOT EXISTS ids (key BLOB PRIMARY KEY, sequence INTEGER, "
                "content BLOB) WITHOUT ROWID"
            )
            database.execute("CREATE TABLE IF NOT EXISTS reached (through INTEGER, check_ TEXT)")
        except BaseException:
            database.close()
            raise
        return database

    def _catch_up(self, head: int) -> None:
        row = self._database.execute("SELECT through, check_ FROM reached").fetchone()
        through, check = row or (0, "")
        if through and (through > head or self._check_at(through) != check):
            # The log is another one than the index was built from, an older copy for example.
            self._database.execute("DELETE FROM ids")
            self._database.execute("DELETE FROM reached")
            through = 0
        if through < head:
            self._store(self._rows_after(through), head)

    def _check_at(self, sequence: int) -> str:
        return decode_line(self._line_at(sequence)).crc32

    def _rows_after(self, through: int) -> Iterator[_Row]:
        own_start = b'{"specversion":"1.0","id":"' + self._own.encode()
        for block in line_blocks(self._catalog, Query(after=through)):
            for line in block.lines:
                if line.startswith(own_start):
                    continue
                event = decode_line(line)
                if event.sequence > through:
                    key = _key(event.source, event.id)
                    yield key, sequence_of(line), _digest(content_of(line))

    def _store(self, rows: Iterator[_Row], through: int) -> None:
        if not through:
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?, ?)", rows)
            self._database.execute("DELETE FROM reached")
            self._database.execute(
                "INSERT INTO reached VALUES (?, ?)", (through, self._check_at(through))
            )
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
