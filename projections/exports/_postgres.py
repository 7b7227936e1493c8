"""PostgreSQL, through psycopg 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from eventlog import EventLog, LockTimeoutError
from projections.exports._columns import Cell, Kind, Row
from projections.exports._dsn import Dsn
from projections.exports._errors import ExportError, MissingExtraError
from projections.exports._events import Advance, ignore
from projections.exports._incremental import BATCH_ROWS, DatabaseExport, Exporter
from projections.exports._selection import Selection
from projections.exports._sql import names, quoted

if TYPE_CHECKING:
    from psycopg import Connection

_WAIT_SECONDS = 10


def export_to_postgres(
    log: EventLog,
    dsn: str = "",
    selection: Selection | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
    advance: Advance = ignore,
) -> DatabaseExport:
    """Bring the tables in a PostgreSQL database up to date; they are created in its first schema.

    ``dsn`` is a URI or ``key=value`` pairs; what it leaves out comes from libpq's environment
    (``PGHOST``, ``PGSERVICE``, ``PGPASSFILE`` and so on). Further arguments and errors are those of
    :func:`export_to_sqlite`. No error shows a password.
    """
    _check_installed()
    target = Dsn.parse(dsn)
    exporter = Exporter(log, "postgres", selection or Selection(), batch_rows, advance)
    with _errors(target), _connect(target) as connection:
        return exporter.run(Postgres(connection))


def _check_installed() -> None:
    try:
        import psycopg  # noqa: F401 - only whether it is there
    except ImportError:
        raise MissingExtraError("psycopg, which speaks to PostgreSQL,", "postgres") from None


def _connect(dsn: Dsn) -> Connection[tuple[Any, ...]]:
    import psycopg
    from psycopg.conninfo import make_conninfo

    parameters = {**_OURS, **dsn.parameters, "client_encoding": "utf8"}
    connection = psycopg.connect(make_conninfo("", **parameters), autocommit=True)
    connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{_WAIT_SECONDS}s"])
    return connection


_OURS = {"fallback_application_name": "eventlog export"}


@contextmanager
def _errors(dsn: Dsn) -> Iterator[None]:
    from psycopg import Error, errors

    try:
        yield
    except errors.LockNotAvailable:
        raise LockTimeoutError(
            f"another export has written to this database for {_WAIT_SECONDS} s: let it end"
        ) from None
    except Error as error:
        raise ExportError(f"PostgreSQL: {dsn.mask(str(error))}") from None


class Postgres:
    """The adapter."""

    types: Mapping[Kind, str] = MappingProxyType(
        {
            Kind.INTEGER: "NUMERIC",  # a sum may need more than 64 bits
            Kind.REAL: "DOUBLE PRECISION",
            Kind.NUMBER: "NUMERIC",
            Kind.TEXT: "TEXT",
            Kind.TIME: "TIMESTAMPTZ",
            Kind.BOOLEAN: "BOOLEAN",
            Kind.JSON: "JSON",  # keeps its text; JSONB refuses \u0000, and writes numbers anew
        }
    )

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def transaction(self) -> AbstractContextManager[object]:
        """All or nothing."""
        return self._connection.transaction()

    def hold(self, name: str) -> None:
        """The server frees it with the connection, when all that this was to commit is committed:
        whoever waited for it sees the last state of an export that was killed.
        """
        self._connection.execute("SELECT pg_advisory_lock(%s)", [_lock_number(name)])

    def serialize(self, name: str) -> None:
        """Freed with the transaction."""
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_number(name)])

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a statement's answer."""
        return self._connection.execute(_marked(sql), parameters).fetchall()

    def execute(self, sql: str, *parameters: object) -> int:
        """How many rows a statement changed."""
        return self._connection.execute(_marked(sql), parameters).rowcount

    def insert(self, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> int:
        """Add rows; how many there were."""
        with self._connection.cursor() as cursor:
            statement = f"COPY {quoted(table)} ({names(columns)}) FROM STDIN"
            with cursor.copy(statement.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
            return cursor.rowcount

    def fitting(self, cell: Cell) -> Cell:
        """Text without NUL, which PostgreSQL has no place for. (In JSON text it is an escape.)"""
        return cell.replace("\0", "\ufffd") if isinstance(cell, str) else cell

    def columns_of(self, table: str) -> set[str]:
        """The names of a table's columns; none when there is no such table."""
        rows = self.query(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = ?",
            table,
        )
        return {row[0] for row in rows}


def _marked(sql: str) -> bytes:
    """A statement with the marks that psycopg knows."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _lock_number(name: str) -> int:
    """The number of an advisory lock; they are shared by all that use the database."""
    digest = sha256(f"eventlog export {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
