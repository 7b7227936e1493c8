"""The tables of read models in a database: ``log_id``, ``position``, and a column per field."""

from __future__ import annotations

from collections.abc import Iterator

from eventlog import ConflictError
from projections.exports._columns import Row
from projections.exports._database import Database
from projections.exports._sql import quoted
from projections.exports._tables import Table

_KEY = frozenset({"log_id", "position"})


def check_tables(database: Database, target: str, tables: list[Table]) -> None:
    """ConflictError when the database has a table of such a name that no export made."""
    known = database.query("SELECT 1 FROM eventlog_progress WHERE target = ? LIMIT 1", target)
    for table in tables:
        columns = database.columns_of(table.name)
        if columns and not (known and columns >= _KEY):
            raise ConflictError(
                f"the database has a table {table.name} that no export made: use another database"
            )


def prepare_tables(database: Database, tables: list[Table]) -> None:
    """Create what is missing: tables, and columns that older versions did not have."""
    for table in tables:
        existing = database.columns_of(table.name)
        if not existing:
            database.execute(
                f"CREATE TABLE {quoted(table.name)} (log_id TEXT NOT NULL,"
                " position INTEGER NOT NULL, PRIMARY KEY (log_id, position))"
            )
        for column in table.columns:
            if column.name not in existing:
                database.execute(
                    f"ALTER TABLE {quoted(table.name)}"
                    f" ADD COLUMN {quoted(column.name)} {database.types[column.kind]}"
                )


def replace_rows(database: Database, log_id: str, table: Table) -> int:
    """Put the rows of this log in the place of those that were there; how many they are."""
    database.execute(f"DELETE FROM {quoted(table.name)} WHERE log_id = ?", log_id)  # noqa: S608
    columns = ("log_id", "position", *(column.name for column in table.columns))
    return database.insert(table.name, columns, _rows(database, log_id, table))


def _rows(database: Database, log_id: str, table: Table) -> Iterator[Row]:
    for position, row in enumerate(table.rows(), 1):
        yield (log_id, position, *map(database.fitting, row))
