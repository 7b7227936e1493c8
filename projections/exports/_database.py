"""What an export needs of a database. SQLite and PostgreSQL each have an adapter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from projections.exports._columns import Cell, Kind, Row


class Database(Protocol):
    """A connection. Statements have ``?`` for parameters, and change nothing outside of
    :meth:`transaction`.
    """

    @property
    def types(self) -> Mapping[Kind, str]:
        """The type of a column of a read model's table, by kind."""

    def transaction(self) -> AbstractContextManager[object]:
        """All that happens inside, or nothing of it."""

    def hold(self, name: str) -> None:
        """Keep others that ask for the same name out until the connection ends, however it ends;
        LockTimeoutError when another does not leave in time.
        """

    def serialize(self, name: str) -> None:
        """The same, until the transaction ends."""

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a statement's answer."""

    def execute(self, sql: str, *parameters: object) -> int:
        """How many rows a statement changed."""

    def insert(self, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> int:
        """Add rows; how many there were."""

    def fitting(self, cell: Cell) -> Cell:
        """The cell of a read model as this database can hold it. (Those of events always fit.)"""

    def columns_of(self, table: str) -> set[str]:
        """The names of a table's columns; none when there is no such table."""
