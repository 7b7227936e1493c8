"""The schema of the tables in a database, step by step.

A step is never changed once it was released: a change of the schema is a new step at the end. Steps
add; they drop nothing, and there is no way back. The table ``eventlog_schema`` has a row for each
step that was taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from eventlog import ConflictError, UnsupportedFormatError
from projections.exports._columns import Kind
from projections.exports._database import Database

# BIGINT and its like stand for what the database calls such a column.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE eventlog_progress (
            log_id TEXT NOT NULL,
            target TEXT NOT NULL,
            filters TEXT NOT NULL,
            through BIGINT NOT NULL,
            through_crc32 TEXT NOT NULL,
            PRIMARY KEY (log_id, target)
        )""",
        """CREATE TABLE events (
            log_id TEXT NOT NULL,
            sequence BIGINT NOT NULL,
            id TEXT NOT NULL,
            source TEXT NOT NULL,
            type TEXT NOT NULL,
            subject TEXT,
            time {time} NOT NULL,
            schemaversion BIGINT NOT NULL,
            data {json} NOT NULL,
            extensions {json} NOT NULL,
            PRIMARY KEY (log_id, sequence)
        )""",
    ),
    (
        # Which code made the rows of a read model; NULL for events, and where it is not known.
        "ALTER TABLE eventlog_progress ADD COLUMN model_version BIGINT",
        # "What happened in this session" is the question that is asked most.
        "CREATE INDEX events_by_subject ON events (log_id, subject, sequence)",
    ),
)

SCHEMA_TABLE = "eventlog_schema"
_TABLES = ("eventlog_progress", "events")


def migrate(database: Database, migrations: Iterable[tuple[str, ...]] = MIGRATIONS) -> None:
    """Bring the schema up to date, in one transaction.

    UnsupportedFormatError when a newer eventlog wrote it; ConflictError when the tables are not
    those of an export.
    """
    steps = tuple(migrations)
    with database.transaction():
        database.serialize("schema")
        done = _version(database)
        if done > len(steps):
            raise UnsupportedFormatError(
                f"the database has schema version {done}, and this eventlog knows {len(steps)}: "
                "install a newer eventlog"
            )
        for version, statements in enumerate(steps[done:], done + 1):
            for statement in statements:
                database.execute(statement.format(**_types(database)))
            database.execute(f"INSERT INTO {SCHEMA_TABLE} (version) VALUES (?)", version)  # noqa: S608
        for table in _TABLES:
            if not database.columns_of(table):
                raise ConflictError(
                    f"the table {table} of an earlier export is gone: export to another database, "
                    f"or delete {SCHEMA_TABLE} and all other tables of the export to begin anew"
                )


def _version(database: Database) -> int:
    """The last step that was taken; 0 for a database that has seen no export."""
    if not database.columns_of(SCHEMA_TABLE):
        for table in _TABLES:
            if database.columns_of(table):
                raise ConflictError(
                    f"the database has a table {table} and no {SCHEMA_TABLE}, so no export made it "
                    "as it is: use another database"
                )
        database.execute(f"CREATE TABLE {SCHEMA_TABLE} (version BIGINT PRIMARY KEY)")
    rows = database.query(f"SELECT max(version) FROM {SCHEMA_TABLE}")  # noqa: S608 - our own name
    version = rows[0][0] or 0
    if not isinstance(version, int):
        raise ConflictError(
            f"the table {SCHEMA_TABLE} holds {version!r}, which is no version: somebody else wrote "
            "it; use another database"
        )
    return version


def _types(database: Database) -> dict[str, str]:
    return {"time": database.types[Kind.TIME], "json": database.types[Kind.JSON]}
