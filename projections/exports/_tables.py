"""The answer of a read model as tables.

A list of rows is one table, called like the model with ``_`` for ``-``. An object of lists is one
table per list, ``areas_best`` for example; what stands beside the lists is a table of one row,
called like the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import msgspec
from attrs import evolve, frozen

from eventlog._format import MIN_INTEGER
from projections._documents import to_document
from projections._keyed import KeyedProjection
from projections._protocol import Projection
from projections.exports._columns import Cell, Column, Kind, Row, columns_of, fields_of
from projections.exports._documents import Document, Documents
from projections.exports._errors import ExportOptionError


@frozen
class Table:
    """Rows of one class, and their columns, which are there without any row, too."""

    name: str
    columns: tuple[Column, ...]
    documents: Iterable[Document]
    """As often as they are asked for."""

    def rows(self) -> Iterator[Row]:
        """The rows with a cell per column; nested values as JSON text."""
        for document in self.documents:
            yield tuple(_cell(document[column.name], column.kind) for column in self.columns)

    def widened(self) -> Table:
        """The same, where whole numbers that need more than 64 bits make a column of numbers."""
        return evolve(self, columns=tuple(map(self._widen, self.columns)))

    def _widen(self, column: Column) -> Column:
        if column.kind is not Kind.INTEGER:
            return column
        numbers = (document[column.name] or 0 for document in self.documents)
        fits = all(MIN_INTEGER <= number < -MIN_INTEGER for number in numbers)
        return column if fits else evolve(column, kind=Kind.NUMBER)


def _cell(value: Any, kind: Kind) -> Cell:
    if value is None or kind is not Kind.JSON:
        cell: Cell = value
        return cell
    return msgspec.json.encode(value).decode()


@contextmanager
def tables_of(projection: Projection[Any, Any], answer: Any) -> Iterator[list[Table]]:
    """The tables of an answer, in the order of its fields. Instead of a list, its rows will do."""
    with ExitStack() as stack:
        yield [
            Table(name, columns, stack.enter_context(Documents(map(to_document, rows(answer)))))
            for name, (columns, rows) in _shapes(projection).items()
        ]


def table_names(projection: Projection[Any, Any]) -> list[str]:
    """The names of a read model's tables."""
    return list(_shapes(projection))


class _All:
    """The answer is the list of rows."""

    def __call__(self, answer: Any) -> Iterable[Any]:
        rows: Iterable[Any] = answer
        return rows


@frozen
class _One:
    """One field of the answer is the list of rows."""

    field: str

    def __call__(self, answer: Any) -> Iterable[Any]:
        rows: Iterable[Any] = getattr(answer, self.field)
        return rows


@frozen
class _Rest:
    """The fields beside the lists are one row."""

    fields: tuple[str, ...]

    def __call__(self, answer: Any) -> Iterable[Any]:
        return [{name: getattr(answer, name) for name in self.fields}]


_Shape = tuple[tuple[Column, ...], _All | _One | _Rest]


def _shapes(projection: Projection[Any, Any]) -> dict[str, _Shape]:
    """Name, columns and rows of each table, from the type of the answer alone."""
    name = projection.name.replace("-", "_")
    answer = _answer_type(projection)
    row = _row_type(answer)
    if row is not None:
        return {name: (columns_of(row), _All())}
    if not attrs.has(answer):
        raise ExportOptionError(f"{projection.name} has no form as a table: its answer is no list")
    return _shapes_of_object(name, answer)


def _shapes_of_object(name: str, answer: type) -> dict[str, _Shape]:
    fields = fields_of(answer)
    rows = {field: row for field, hint in fields.items() if (row := _row_type(hint)) is not None}
    shapes: dict[str, _Shape] = {
        f"{name}_{field}": (columns_of(row), _One(field)) for field, row in rows.items()
    }
    rest = tuple(column for column in columns_of(answer) if column.name not in rows)
    if rest:
        shapes[name] = (rest, _Rest(tuple(column.name for column in rest)))
    return shapes


def _answer_type(projection: Projection[Any, Any]) -> Any:
    if isinstance(projection, KeyedProjection):
        row = get_type_hints(projection.result_one)["return"]
        return list[row]  # type: ignore[valid-type]
    return get_type_hints(projection.result).get("return")


def _row_type(hint: Any) -> type | None:
    """The class of the rows, when the type is a list of such."""
    row = next(iter(get_args(hint)), None) if get_origin(hint) is list else None
    return row if isinstance(row, type) and attrs.has(row) else None


def pick(names: list[str], name: str | None, model: str) -> str:
    """The one table that a file can hold; ExportOptionError with the names when it is not clear."""
    if name is None and len(names) == 1:
        return names[0]
    if name in names:
        return name
    known = ", ".join(names)
    if name is None:
        raise ExportOptionError(f"{model} has the tables {known}: choose one with --table")
    raise ExportOptionError(f"{model} has no table {name!r}, but {known}")
