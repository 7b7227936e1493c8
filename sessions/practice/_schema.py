"""The tables, their indices and their guards.

The schema only grows: what is missing is added, in one transaction, and nothing is ever dropped. So
tables that an older version made, and those that somebody dropped, need no special care.

Sessions that have ended do not change, and no row is deleted: triggers refuse it to everyone, the
feeder too. When it fills a lost table again it takes them away within its transaction, which only
the owner of the tables may do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sessions.practice._database import Connection, TableError

if TYPE_CHECKING:
    from projections.exports._database import Database

PROGRESS = "practice_progress"

_REFUSAL = "practice sessions that have ended do not change, and no row is deleted"

TABLES: dict[str, dict[str, str]] = {
    PROGRESS: {
        "log_id": "VARCHAR PRIMARY KEY",
        "through": "BIGINT NOT NULL",
        "through_crc32": "VARCHAR NOT NULL",
    },
    "sessions": {
        "id": "UUID PRIMARY KEY",
        "user_id": "VARCHAR",
        "session_id": "VARCHAR UNIQUE",
        "start_time": "TIMESTAMP",
        "end_time": "TIMESTAMP",
        "duration_seconds": "FLOAT",
        "scale_name": "VARCHAR",
        "strictness": "FLOAT",
        "sensitivity": "FLOAT",
        "pitch_accuracy": "FLOAT",
        "scale_conformity": "FLOAT",
        "timing_stability": "FLOAT",
        "notes_detected_count": "INT",
        "unique_notes_used": "INT",
        "notes_in_scale": "INT",
        "notes_out_of_scale": "INT",
        "ambient_lighting_enabled": "BOOLEAN",
        "created_at": "TIMESTAMP",
        "updated_at": "TIMESTAMP",
    },
    "session_metrics": {
        "id": "UUID PRIMARY KEY",
        "session_id": "UUID REFERENCES sessions (id)",
        "timestamp": "TIMESTAMP",
        "pitch_accuracy": "FLOAT",
        "scale_conformity": "FLOAT",
        "timing_stability": "FLOAT",
        "detected_pitch_hz": "FLOAT",
        "detected_midi": "FLOAT",
        "pitch_class": "INT",
        "in_scale": "BOOLEAN",
        "note_detected": "BOOLEAN",
        "created_at": "TIMESTAMP",
    },
}

_OURS_HAS = {
    PROGRESS: {"log_id", "through"},
    "sessions": {"session_id", "scale_name"},
    "session_metrics": {"session_id", "pitch_accuracy"},
}
"""Without these, a table of that name is somebody else's."""

_INDICES = (
    "CREATE INDEX IF NOT EXISTS idx_sessions_start_time ON sessions (start_time DESC)",
    "CREATE INDEX IF NOT EXISTS idx_session_metrics_session_id"
    " ON session_metrics (session_id, timestamp)",
)


def ensure(connection: Connection) -> None:
    """Make the schema whole. Where tables or guards were missing, all logs are to be fed again.

    TableError when a table of this name is none of ours.
    """
    database = connection.database
    with database.transaction():
        database.serialize("practice tables")
        if is_whole(connection):
            return
        for name, columns in TABLES.items():
            _ensure_table(database, name, columns)
        for statement in (*_INDICES, *_GUARDS[connection.kind]):
            database.execute(statement)
        database.execute(f"UPDATE {PROGRESS} SET through = 0, through_crc32 = ''")  # noqa: S608


def is_whole(connection: Connection) -> bool:
    """Whether the tables are there, and are those that :func:`ensure` left: a table that was
    dropped took its guards along, whoever made it again since.
    """
    sql, guards = _GUARD_COUNT[connection.kind]
    database = connection.database
    return database.query(sql)[0][0] == guards and all(
        columns.keys() <= database.columns_of(name) for name, columns in TABLES.items()
    )


def _ensure_table(database: Database, name: str, columns: dict[str, str]) -> None:
    found = database.columns_of(name)
    if not found:
        defined = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        database.execute(f"CREATE TABLE {name} ({defined})")
        return
    if not _OURS_HAS[name] <= found:
        raise TableError(
            f"the database has another table {name}: name another database, or another schema"
            " with the option search_path"
        )
    for column, kind in columns.items():
        if column not in found:
            database.execute(f"ALTER TABLE {name} ADD COLUMN {column} {kind.split()[0]}")
            if column == "id":  # what names a row, and what the foreign key points to
                database.execute(f"CREATE UNIQUE INDEX idx_{name}_id ON {name} (id)")


@contextmanager
def without_guards(connection: Connection) -> Iterator[None]:
    """In a transaction, which nobody else sees inside of: what has ended may be written until the
    end of the context.
    """
    take_away, put_back = _WITHOUT_GUARDS[connection.kind]
    for statement in take_away:
        connection.database.execute(statement)
    yield
    for statement in put_back:
        connection.database.execute(statement)


def _sqlite_guard(name: str, operation: str, table: str, condition: str) -> str:
    return f"""CREATE TRIGGER IF NOT EXISTS {name} BEFORE {operation} ON {table}
        WHEN {condition} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"""


def _postgres_guard(table: str, name: str, operations: str, each: str) -> tuple[str, str]:
    trigger = f"practice_guard_{name}"
    return (
        f"DROP TRIGGER IF EXISTS {trigger} ON {table}",
        f"CREATE TRIGGER {trigger} BEFORE {operations} ON {table}"
        f" FOR EACH {each} EXECUTE FUNCTION practice_guard()",
    )


_ENDED = "EXISTS (SELECT 1 FROM sessions WHERE end_time IS NOT NULL AND {})"
_ANY_ENDED = _ENDED.format("(id = NEW.id OR session_id = NEW.session_id)")  # INSERT OR REPLACE
_NEW_ENDED, _OLD_ENDED = (_ENDED.format(f"id = {row}.session_id") for row in ("NEW", "OLD"))
_REPLACED_ENDED = _ENDED.format("id = (SELECT session_id FROM session_metrics WHERE id = NEW.id)")

_GUARD_COUNT = {
    "sqlite": (
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
        " AND name LIKE 'practice_%' AND tbl_name IN ('sessions', 'session_metrics')",
        6,
    ),
    "postgres": (
        "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'practice_guard_%' AND tgrelid IN"
        " (to_regclass('sessions'), to_regclass('session_metrics'))",
        4,
    ),
}
"""How to see that the guards are there."""

_SQLITE_GUARDS = {
    name: _sqlite_guard(name, operation, table, condition)
    for name, operation, table, condition in (
        ("practice_session_insert", "INSERT", "sessions", _ANY_ENDED),
        ("practice_session_update", "UPDATE", "sessions", "OLD.end_time IS NOT NULL"),
        ("practice_session_delete", "DELETE", "sessions", "TRUE"),
        (
            "practice_metric_insert", "INSERT", "session_metrics",
            f"{_NEW_ENDED} OR {_REPLACED_ENDED}",
        ),
        ("practice_metric_update", "UPDATE", "session_metrics", f"{_OLD_ENDED} OR {_NEW_ENDED}"),
        ("practice_metric_delete", "DELETE", "session_metrics", "TRUE"),
    )
}  # fmt: skip

_WITHOUT_GUARDS = {
    "sqlite": (
        [f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_GUARDS],
        list(_SQLITE_GUARDS.values()),
    ),
    "postgres": tuple(
        [
            f"ALTER TABLE {table} {what} TRIGGER practice_guard_rows"
            for table in ("sessions", "session_metrics")
        ]
        for what in ("DISABLE", "ENABLE")
    ),
}
"""How to take them away, and how to put them back. PostgreSQL lets others read meanwhile."""

_GUARDS: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE INDEX IF NOT EXISTS idx_sessions_user_id ON sessions (user_id)",
        *_SQLITE_GUARDS.values(),
    ),
    "postgres": (
        # A B-tree refuses a user of some thousand characters; a hash index takes any.
        "CREATE INDEX IF NOT EXISTS idx_sessions_user_id ON sessions USING hash (user_id)",
        f"""CREATE OR REPLACE FUNCTION practice_guard() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT AS $$
        DECLARE
            kept boolean := FALSE;
        BEGIN
            IF TG_OP IN ('TRUNCATE', 'DELETE') THEN
                kept := TRUE;
            ELSIF TG_TABLE_NAME = 'sessions' THEN
                kept := OLD.end_time IS NOT NULL;
            ELSE
                IF TG_OP = 'UPDATE' THEN
                    kept := EXISTS (SELECT 1 FROM sessions
                        WHERE id = OLD.session_id AND end_time IS NOT NULL);
                END IF;
                kept := kept OR EXISTS (SELECT 1 FROM sessions
                    WHERE id = NEW.session_id AND end_time IS NOT NULL);
            END IF;
            IF kept THEN
                RAISE EXCEPTION '{_REFUSAL}'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$""",  # noqa: S608
        *_postgres_guard("sessions", "rows", "UPDATE OR DELETE", "ROW"),
        *_postgres_guard("session_metrics", "rows", "INSERT OR UPDATE OR DELETE", "ROW"),
        *_postgres_guard("sessions", "truncate", "TRUNCATE", "STATEMENT"),
        *_postgres_guard("session_metrics", "truncate", "TRUNCATE", "STATEMENT"),
        # Dropping sessions with CASCADE took the foreign key along. NOT VALID: the rows that are
        # there get their sessions back a moment later.
        """DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_constraint
                WHERE contype = 'f' AND conrelid = 'session_metrics'::regclass) THEN
                ALTER TABLE session_metrics ADD FOREIGN KEY (session_id)
                    REFERENCES sessions (id) NOT VALID;
            END IF;
        END $$""",
    ),
}
