"""How far an export into a database got: read at its start, moved on with the rows themselves."""

from __future__ import annotations

from attrs import evolve, frozen

from eventlog import ConflictError, EventLog
from projections.exports._database import Database
from projections.exports._events import crc32_of, first_sequence, line_at
from projections.exports._selection import EVENTS, Selection


@frozen
class Progress:
    """One row of ``eventlog_progress``: all of a log up to ``through`` is in the database."""

    log_id: str
    target: str
    through: int

    def move(
        self, database: Database, through: int, crc32: str, model_version: int | None = None
    ) -> Progress:
        """Note what this transaction adds; ConflictError when another export came in between."""
        changed = database.execute(
            "UPDATE eventlog_progress SET through = ?, through_crc32 = ?, model_version = ?"
            " WHERE log_id = ? AND target = ? AND through = ?",
            through, crc32, model_version, self.log_id, self.target, self.through,
        )  # fmt: skip
        if changed != 1:
            raise ConflictError(
                f"another export of {self.target} writes to this database: let it end, run again"
            )
        return evolve(self, through=through)


def begin(database: Database, log: EventLog, selection: Selection) -> Progress:
    """Where to go on, inside of a transaction.

    ConflictError when what is in the database is not the beginning of this log's export.
    """
    log_id, target, filters = log.log_id, selection.target, selection.filters()
    found = database.query(
        "SELECT filters, through, through_crc32 FROM eventlog_progress"
        " WHERE log_id = ? AND target = ?",
        log_id, target,
    )  # fmt: skip
    if not found:
        database.execute(
            "INSERT INTO eventlog_progress (log_id, target, filters, through, through_crc32)"
            " VALUES (?, ?, ?, 0, '')",
            log_id, target, filters,
        )  # fmt: skip
        return Progress(log_id, target, 0)
    known, through, crc32 = found[0]
    _check_filters(target, known, filters)
    _check_log(log, target, through, crc32)
    return Progress(log_id, target, through)


def _check_filters(target: str, known: str, filters: str) -> None:
    if known != filters:
        raise ConflictError(
            f"the database holds {target} {_named(known)}, and this export is {_named(filters)}:"
            " use the same filters, or another database"
        )


def _named(filters: str) -> str:
    return "without filters" if filters == "{}" else f"with the filters {filters}"


def _check_log(log: EventLog, target: str, through: int, crc32: str) -> None:
    """A log only grows: the event that was exported last must still be there, byte for byte."""
    if through == 0:
        return
    line = line_at(log, through)
    if line is None and (first := first_sequence(log, after=through, until=log.head())):
        _check_pruned(log, target, through, first)
    elif line is None or crc32_of(line) != crc32:
        what = "is not in the log" if line is None else "is another in the log"
        raise ConflictError(
            f"the database holds {target} up to an event that {what}: the log was rewritten or"
            " replaced by an older copy; export it to another database",
            path=log.path, sequence=through,
        )  # fmt: skip


def _check_pruned(log: EventLog, target: str, through: int, first: int) -> None:
    """The log begins behind what was exported last. A read model shows what there is; events do not
    come back."""
    if target == EVENTS and first > through + 1:
        raise ConflictError(
            f"the database holds events up to {through}, and the log begins at {first}: what was"
            " between is pruned, and was not exported; export the log to another database",
            path=log.path, sequence=through + 1,
        )  # fmt: skip


def crc32_at(log: EventLog, sequence: int) -> str:
    """The check of the event at ``sequence``; nothing for the start of the log."""
    line = line_at(log, sequence) if sequence else None
    return "" if line is None else crc32_of(line)
