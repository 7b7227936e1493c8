"""The two kinds of database that can hold the tables, each with its way to connect."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote

from attrs import frozen

from eventlog import EventLogError
from projections.exports._sqlite import SQLite
from projections.exports._target_file import create_private, refuse_inside
from sessions.practice._settings import SettingError, postgres_parameters

if TYPE_CHECKING:
    from projections.exports._database import Database
    from projections.exports._dsn import Dsn
    from projections.exports._postgres import Postgres

_PATIENCE_SECONDS = 5
_CACHE_KIB = 32 << 10  # the keys of measurements are spread over their index
_SQLITE_SUFFIX = ".practice.sqlite"


class TableError(EventLogError):
    """The tables can't be what they should be. Recording goes on; the message says what to do."""


class Connection(Protocol):
    """A database while it is connected."""

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgres``."""

    @property
    def database(self) -> Database:
        """To ask and to change it."""

    def grouped(self) -> AbstractContextManager[object]:
        """Statements inside need no answer before the end."""

    def fitting(self, value: Any) -> Any:
        """A value as this database takes it."""

    def check(self) -> None:
        """TableError when this is not the database any more that was connected to."""


class Target(Protocol):
    """A database that one can connect to."""

    @property
    def key(self) -> object:
        """Equal for the same database. It may hold a password."""

    @property
    def address(self) -> str:
        """Where it is, as one can connect to it, without a password."""

    def connect(self) -> AbstractContextManager[Connection]:
        """Connected until the end of the context."""

    def explain(self, error: Exception) -> str:
        """What an error says, without a password."""


def target_of(log: Path, dsn: str | None) -> Target:
    """The database of this log's tables. Nothing is opened.

    Errors: SettingError, MissingExtraError when PostgreSQL is asked for and psycopg is missing.
    """
    if dsn is not None:
        return PostgresTarget(_parsed(dsn))
    parameters = postgres_parameters()
    if parameters is not None:
        return PostgresTarget(_given(parameters))
    return SQLiteTarget(log, log.with_name(log.name.removesuffix(".eventlog") + _SQLITE_SUFFIX))


# SQLite


@frozen
class SQLiteTarget:
    """A file beside the log."""

    log: Path
    path: Path

    @property
    def key(self) -> object:
        return self.path

    @property
    def address(self) -> str:
        return str(self.path)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        refuse_inside(self.log, self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        create_private(self.path)
        with closing(
            sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            yield _SQLiteConnection(SQLite(connection), self.path, self.path.stat().st_ino)

    def explain(self, error: Exception) -> str:
        return str(error)


@frozen
class _SQLiteConnection:
    database: SQLite
    path: Path
    inode: int
    kind: str = "sqlite"

    def grouped(self) -> AbstractContextManager[object]:
        return nullcontext()

    def fitting(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat(" ", "microseconds")  # always as long, so that text sorts
        return value

    def check(self) -> None:
        if not self.path.exists() or self.path.stat().st_ino != self.inode:
            raise TableError("the file was removed or replaced", path=self.path)


# PostgreSQL


@frozen
class PostgresTarget:
    """A database of a server."""

    dsn: Dsn

    @property
    def key(self) -> object:
        return frozenset(self.dsn.parameters.items())

    @property
    def address(self) -> str:
        known = {name: quote(value, safe="") for name, value in self.dsn.parameters.items()}
        user, host, port = (known.get(name, "") for name in ("user", "host", "port"))
        server = f"{user}@" if user else ""
        query = ""
        if host.startswith("%2F"):  # a directory with a socket
            query = f"?host={host}" + (f"&port={port}" if port else "")
        else:
            server += f"[{unquote(host)}]" if "%3A" in host else host
            server += f":{port}" if port else ""
        return f"postgresql://{server}/{known.get('dbname', '')}{query}"

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        import psycopg
        from psycopg.conninfo import make_conninfo

        from projections.exports._postgres import Postgres

        conninfo = make_conninfo("", **{**_OURS, **self.dsn.parameters, "client_encoding": "utf8"})
        with closing(psycopg.connect(conninfo, autocommit=True)) as connection:
            connection.execute(
                "SELECT set_config('lock_timeout', %s, false)", [f"{_PATIENCE_SECONDS}s"]
            )
            yield _PostgresConnection(Postgres(connection), connection)

    def explain(self, error: Exception) -> str:
        return self.dsn.mask(str(error))


_OURS = {
    "fallback_application_name": "eventlog practice",
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",  # ms; a server that is gone without a word is noticed
}


@frozen
class _PostgresConnection:
    database: Postgres
    connection: Any
    kind: str = "postgres"

    def grouped(self) -> AbstractContextManager[object]:
        pipeline: AbstractContextManager[object] = self.connection.pipeline()
        return pipeline

    def fitting(self, value: Any) -> Any:
        return self.database.fitting(value)

    def check(self) -> None:
        """The server would say so."""


def _parsed(dsn: str) -> Dsn:
    from projections.exports import ExportOptionError

    _check_installed()
    from projections.exports._dsn import Dsn

    try:
        return Dsn.parse(dsn)
    except ExportOptionError as error:
        raise SettingError(error.message) from None


def _given(parameters: dict[str, str]) -> Dsn:
    _check_installed()
    from projections.exports._dsn import Dsn

    return Dsn(parameters)


def _check_installed() -> None:
    from projections.exports._postgres import _check_installed as check

    check()
