"""An index of the log by some key: derived from it, built on first use, caught up on every opening,
thrown away when it does not fit the log. A log in which nobody looks anything up never has one.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator

from eventlog._catalog import Catalog
from eventlog._codec import decode_line
from eventlog._errors import EventLogError, PrunedError
from eventlog._files import Files
from eventlog._format import CACHE_NAME
from eventlog._index_file import IndexFile, Known, Row
from eventlog._lines import Lines
from eventlog._query import Query
from eventlog._reader import line_blocks

logger = logging.getLogger("eventlog")

_BROKEN = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises over a damaged file; the second where its own message is no text."""

_LEAST_PENDING, _MOST_PENDING = 10_000, 100_000
_STORED_BYTES_PER_PENDING = 1 << 10
"""Saving hashes the whole file, so a larger one is saved less often."""

RowOf = Callable[[bytes], Row | None]
"""What a stored line adds to the index; a later row replaces an earlier one of the same key."""


class LogIndex:
    """What is known of a key in the log, up to ``through``. Used only under the writer's lock."""

    def __init__(self, catalog: Catalog, files: Files, name: str, row_of: RowOf, head: int) -> None:
        self.catalog = catalog
        self.through = head
        self._files = files
        self._name = name
        self._row_of = row_of
        self._block: Lines | None = None
        self._pending: dict[bytes, Known] = {}
        try:
            self._file = self._open()
        except _BROKEN:
            self._build_anew()
        self._save_at = _pending_at_most(self._file)

    def _open(self, *, anew: bool = False) -> IndexFile:
        """A file that has taken in the whole log."""
        file = IndexFile(self.catalog.path / CACHE_NAME, self._name, self._files, anew=anew)
        try:
            self._catch_up(file)
        except BaseException:
            file.close()
            raise
        return file

    def _build_anew(self) -> None:
        """The index is derived from the log: nothing is lost with it."""
        try:
            self._file = self._open(anew=True)
        except _BROKEN as error:
            raise EventLogError(
                f"an index of the log cannot be built ({error}): free some space, or check the "
                "permissions",
                path=self.catalog.path / CACHE_NAME,
            ) from error

    def find(self, key: bytes) -> Known | None:
        """What is known of a key; nothing of events that were pruned."""
        known = self._pending.get(key) or self._look_up(key)
        if known is None or known[0] <= self.pruned_to():
            return None
        return known

    def pruned_to(self) -> int:
        """The last sequence that was pruned until now, by whomever; 0 when nothing was."""
        self.catalog.refresh_manifest()
        return self.catalog.manifest.pruned_to

    def _look_up(self, key: bytes) -> Known | None:
        try:
            return self._file.look_up(key)
        except _BROKEN:
            self._file.close()
            self._build_anew()
            return self._file.look_up(key)

    def line_at(self, sequence: int) -> bytes:
        """One line of the log; neighbors are often asked for together, so their block is kept."""
        if self._block is None or not self._block.first <= sequence <= self._block.last:
            query = Query(after=sequence - 1, until=sequence)
            self._block = next(iter(line_blocks(self.catalog, query)))
        return self._block.lines[sequence - self._block.first]

    def take_in(self, head: int) -> None:
        """Learn what was written since, by whomever, up to the sequence ``head``."""
        if head > self.through:
            for key, sequence, content in self._rows_after(self.through):
                self._pending[key] = (sequence, content)
            self.through = head

    def add(self, rows: Iterator[Row], through: int) -> None:
        """Remember what was just written, up to the sequence ``through``."""
        for key, sequence, content in rows:
            self._pending[key] = (sequence, content)
        self.through = max(self.through, through)
        if len(self._pending) >= self._save_at:
            self.save()

    def save(self) -> None:
        """Write what is pending. It is in the log already, so a failure is only reported."""
        rows = ((key, sequence, content) for key, (sequence, content) in self._pending.items())
        try:
            if self._pending or self._file.reached()[0] != self.through:
                self._store(self._file, rows, self.through)
        except (*_BROKEN, OSError) as error:
            logger.warning(
                "the index %r in %s was not saved, and is built again when it is needed: %s",
                self._name, self.catalog.path / CACHE_NAME, error,
            )  # fmt: skip
            self._save_at += _LEAST_PENDING
        else:
            self._pending.clear()
            self._save_at = _pending_at_most(self._file)

    def close(self) -> None:
        """Close without saving what is pending."""
        self._file.close()

    def _catch_up(self, file: IndexFile) -> None:
        through, check = file.reached()
        if through and not (0 < through <= self.through and self._check_at(through) == check):
            # The log is another one than the index was built from, an older copy for example.
            raise sqlite3.DatabaseError("the index of another log")
        if through < self.through:
            self._store(file, self._rows_after(through), self.through)

    def _check_at(self, sequence: int) -> str | None:
        """The check of an event's line; None when the event was pruned."""
        try:
            return decode_line(self.line_at(sequence)).crc32
        except PrunedError:
            return None

    def _rows_after(self, through: int) -> Iterator[Row]:
        after = max(through, self.pruned_to())
        for block in line_blocks(self.catalog, Query(after=after)):
            for line in block.lines:
                row = self._row_of(line)
                if row is not None and row[1] > through:
                    yield row

    def _store(self, file: IndexFile, rows: Iterator[Row], through: int) -> None:
        check = self._check_at(through) if through else None
        if check is not None:  # else nothing is left that the rows could tell of
            file.store(rows, through, check)


def _pending_at_most(file: IndexFile) -> int:
    share = file.stored_bytes() // _STORED_BYTES_PER_PENDING
    return min(max(share, _LEAST_PENDING), _MOST_PENDING)
