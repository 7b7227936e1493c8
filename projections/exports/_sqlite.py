"""SQLite, with what Python brings along."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eventlog import EventLog, LockTimeoutError
from projections.exports._columns import Cell, Kind, Row
from projections.exports._errors import ExportError
from projections.exports._events import Advance, ignore
from projections.exports._incremental import BATCH_ROWS, DatabaseExport, Exporter
from projections.exports._selection import Selection
from projections.exports._sql import names, quoted
from projections.exports._target_file import create_private, refuse_inside

_WAIT_SECONDS = 10.0
_PRIMARY_CODE = 0xFF
_INTEGERS = range(-(2**63), 2**63)


def export_to_sqlite(
    log: EventLog,
    path: str | Path,
    selection: Selection | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
    advance: Advance = ignore,
) -> DatabaseExport:
    """Bring the tables in the SQLite database ``path`` up to date; it is created when missing.

    ``batch_rows`` go into one transaction. After an interruption the next call goes on where the
    last transaction ended. ``advance`` is told how many more bytes of the log are done.

    Errors: ConflictError when the database holds something else, UnsupportedFormatError when a
    newer version wrote it, LockTimeoutError, ExportError, DamagedLogError.
    """
    path = Path(path).absolute()  # so that no name means a database in memory
    exporter = Exporter(log, "sqlite", selection or Selection(), batch_rows, advance)
    refuse_inside(log.path, path)
    create_private(path)
    with _errors(path), closing(_connect(path)) as connection:
        return exporter.run(SQLite(connection))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY:
            raise LockTimeoutError(
                f"another program has held the database for {_WAIT_SECONDS:g} s", path=path
            ) from None
        raise ExportError(f"SQLite: {error}", path=path) from None


class SQLite:
    """The adapter."""

    types: Mapping[Kind, str] = MappingProxyType(
        {
            Kind.INTEGER: "INTEGER",
            Kind.REAL: "REAL",
            Kind.NUMBER: "",  # a declared type would turn a number of many digits into a float
            Kind.TEXT: "TEXT",
            Kind.TIME: "TEXT",
            Kind.BOOLEAN: "INTEGER",
            Kind.JSON: "TEXT",
        }
    )

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Takes the one lock that writers share at its start, so that it never fails half way."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def hold(self, name: str) -> None:
        """Nothing: each transaction notices when another export came before it."""

    def serialize(self, name: str) -> None:
        """Nothing: there is one transaction at a time."""

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a statement's answer."""
        return self._connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, *parameters: object) -> int:
        """How many rows a statement changed."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> int:
        """Add rows; how many there were."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {quoted(table)} ({names(columns)}) VALUES ({marks})"  # noqa: S608
        return self._connection.executemany(sql, rows).rowcount

    def fitting(self, cell: Cell) -> Cell:
        """A whole number of more than 64 bits as text, which loses nothing."""
        return str(cell) if type(cell) is int and cell not in _INTEGERS else cell

    def columns_of(self, table: str) -> set[str]:
        """The names of a table's columns; none when there is no such table."""
        return {row[0] for row in self.query("SELECT name FROM pragma_table_info(?)", table)}
