"""One step of bringing the tables up to date with the log: some events, in one transaction.

The sequence that the tables reflect is stored with the rows, so each event is in them once,
whatever interrupts this and whoever else does it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

from eventlog import Event, EventLog
from projections.exports._progress import crc32_at
from sessions.practice._database import Connection, TableError
from sessions.practice._ledger import Ledger
from sessions.practice._names import ENDED, MEASURED, STARTED, is_ours
from sessions.practice._rows import Row, metric_row
from sessions.practice._schema import PROGRESS, without_guards

_EVENTS_AT_ONCE = 5000
_AT_START = frozenset(
    {
        "id", "user_id", "session_id", "start_time", "scale_name", "strictness", "sensitivity",
        "ambient_lighting_enabled", "created_at", "updated_at",
    }
)  # fmt: skip


def feed(connection: Connection, log: EventLog, ledger: Ledger) -> bool:
    """Whether there is more to do.

    TableError when the tables reflect events that are not in this log (any more).
    """
    head = ledger.fold(log)
    if _through(connection, log) >= head:
        return False
    database = connection.database
    with database.transaction():
        # From here on whoever else feeds this log waits.
        database.execute(
            f"INSERT INTO {PROGRESS} (log_id, through, through_crc32) VALUES (?, 0, '')"  # noqa: S608
            " ON CONFLICT (log_id) DO UPDATE SET log_id = excluded.log_id",
            log.log_id,
        )
        through = _through(connection, log)
        found = log.read(after=through, until=head, types=(STARTED, MEASURED, ENDED))
        events = list(islice(found, _EVENTS_AT_ONCE))
        with _as_the_rows_need(connection, events), connection.grouped():
            for event in events:
                _write(connection, ledger, event)
        reached = events[-1].sequence if len(events) == _EVENTS_AT_ONCE else head
        database.execute(
            f"UPDATE {PROGRESS} SET through = ?, through_crc32 = ? WHERE log_id = ?",  # noqa: S608
            reached, crc32_at(log, reached), log.log_id,
        )  # fmt: skip
        return reached < head


def check_progress(connection: Connection, log: EventLog) -> None:
    """TableError when this log is not the one that was fed, or an older copy of it."""
    for through, crc32 in _progress(connection, log):
        if through and crc32_at(log, through) != crc32:
            raise TableError(
                "the tables reflect an event that is not in the log: it was rewritten, or replaced"
                " by an older copy. Rename or drop the tables sessions and session_metrics, and"
                " they are made anew from the log",
                path=log.path, sequence=through,
            )  # fmt: skip


def _through(connection: Connection, log: EventLog) -> int:
    return sum(through for through, _ in _progress(connection, log))


def _progress(connection: Connection, log: EventLog) -> list[tuple[Any, ...]]:
    """The sequence that the tables reflect, and its check; nothing for a new log."""
    return connection.database.query(
        f"SELECT through, through_crc32 FROM {PROGRESS} WHERE log_id = ?",  # noqa: S608
        log.log_id,
    )


def _as_the_rows_need(
    connection: Connection, events: list[Event]
) -> AbstractContextManager[object]:
    """The guards are in nobody's way as long as each session is fed in order. They are where a
    table was lost, and what is fed again belongs to sessions that the other table has as ended.
    """
    subjects = {event.subject for event in events if is_ours(event)}
    marks = ", ".join("?" * len(subjects))
    refilling = subjects and connection.database.query(
        f"SELECT 1 FROM sessions WHERE end_time IS NOT NULL AND id IN ({marks}) LIMIT 1",  # noqa: S608
        *subjects,
    )
    return without_guards(connection) if refilling else nullcontext()


def _write(connection: Connection, ledger: Ledger, event: Event) -> None:
    session = ledger.session(event.subject or "") if is_ours(event) else None
    if session is None or not session.holds(event):
        return
    if event.type == STARTED:
        _insert(connection, "sessions", _part(session.row, _AT_START))
    elif event.type == ENDED:
        _update(connection, session.row)
    else:
        _insert(connection, "session_metrics", metric_row(event))


def _part(row: Row, names: frozenset[str]) -> Row:
    return {name: value for name, value in row.items() if name in names}


def _insert(connection: Connection, table: str, row: Row) -> None:
    marks = ", ".join("?" * len(row))
    connection.database.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608
        *map(connection.fitting, row.values()),
    )


def _update(connection: Connection, row: Row) -> None:
    columns = [name for name in row if name not in _AT_START or name == "updated_at"]
    changes = ", ".join(f"{name} = ?" for name in columns)
    connection.database.execute(
        f"UPDATE sessions SET {changes} WHERE id = ?",  # noqa: S608
        *(connection.fitting(row[name]) for name in columns),
        row["id"],
    )
