"""Exports into databases: each row once, whatever interrupts them.

A batch of rows and the sequence it reaches are one transaction. Whoever comes next reads that
sequence and goes on behind it. Read models are small, and change in the middle: their tables are
written anew, in one transaction with the sequence they reflect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import frozen

from eventlog import ConflictError, EventLog
from projections.exports._columns import Row
from projections.exports._content import model_tables, read_model
from projections.exports._database import Database
from projections.exports._events import (
    EVENT_COLUMNS,
    Advance,
    Pair,
    crc32_of,
    event_row,
    first_sequence,
    stored_events,
)
from projections.exports._migrations import migrate
from projections.exports._model_tables import check_tables, prepare_tables, replace_rows
from projections.exports._progress import Progress, begin, crc32_at
from projections.exports._selection import Selection

BATCH_ROWS = 5000


@frozen
class DatabaseExport:
    """What an export added to a database."""

    format: str
    model: str | None
    """None for events."""
    tables: list[str]
    log_id: str
    from_sequence: int | None
    """The first sequence that was looked at; None when nothing was new."""
    to_sequence: int
    """The last sequence that the tables reflect."""
    rows: int
    """Rows that were written."""


@frozen
class Exporter:
    """Brings the tables of a selection in a database up to date."""

    log: EventLog
    format: str
    selection: Selection
    batch_rows: int
    advance: Advance

    def __attrs_post_init__(self) -> None:
        """What does not exist is refused before anything is created."""
        if self.selection.model is not None:
            read_model(self.selection.model)

    def run(self, database: Database) -> DatabaseExport:
        """Do it; what was exported before is not exported again."""
        database.hold(f"{self.log.log_id}/{self.selection.target}")
        migrate(database)
        until = self.selection.until(self.log)
        if self.selection.model is None:
            return self._append_events(database, until)
        return self._replace_model(database, self.selection.model, until)

    def _append_events(self, database: Database, until: int) -> DatabaseExport:
        with database.transaction():
            progress = begin(database, self.log, self.selection)
        start, rows = progress.through, 0
        if until < start:
            raise ConflictError(
                f"the database holds events up to {start}: it cannot go back to {until}"
            )
        query = self.selection.query(after=start, until=until)
        batches = _Batches(stored_events(self.log, query, self.advance), self.log.log_id)
        while progress.through < until:
            with database.transaction():
                added = database.insert("events", _EVENT_NAMES, batches.next(self.batch_rows))
                if added < self.batch_rows:  # no more of them: the rest of the log is done, too
                    progress = progress.move(database, until, crc32_at(self.log, until))
                else:
                    progress = progress.move(database, batches.sequence, batches.crc32)
            rows += added
        return self._done(["events"], start, until, rows)

    def _replace_model(self, database: Database, model: str, until: int) -> DatabaseExport:
        projection = read_model(model)
        with model_tables(self.log, projection, self.selection, until) as tables:
            with database.transaction():
                database.serialize("schema")
                check_tables(database, self.selection.target, tables)
                progress: Progress = begin(database, self.log, self.selection)
                prepare_tables(database, tables)
            with database.transaction():
                rows = sum(replace_rows(database, self.log.log_id, table) for table in tables)
                progress.move(database, until, crc32_at(self.log, until), projection.version)
            return self._done([table.name for table in tables], 0, until, rows)

    def _done(self, tables: list[str], after: int, until: int, rows: int) -> DatabaseExport:
        return DatabaseExport(
            format=self.format,
            model=self.selection.model,
            tables=tables,
            log_id=self.log.log_id,
            from_sequence=first_sequence(self.log, after=after, until=until),
            to_sequence=until,
            rows=rows,
        )


_EVENT_NAMES = ("log_id", *(column.name for column in EVENT_COLUMNS))


class _Batches:
    """Rows of events, some at a time, and where the last one that was taken stands."""

    def __init__(self, pairs: Iterable[Pair], log_id: str) -> None:
        self._pairs = iter(pairs)
        self._log_id = log_id
        self._last: bytes = b""
        self.sequence = 0

    def next(self, count: int) -> Iterator[Row]:
        """The next ``count`` rows, one by one: a batch of huge events is never held at once."""
        for pair in islice(self._pairs, count):
            self._last, self.sequence = pair[0], pair[1].sequence
            yield (self._log_id, *event_row(pair))

    @property
    def crc32(self) -> str:
        """The check of the last event that was taken."""
        return crc32_of(self._last)
