"""What a file holds, whatever its format: rows for the flat formats, JSON for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec
from attrs import frozen

from eventlog import EventLog
from projections._engine import project
from projections._fold import fold
from projections._iter_rows import fold_rows, iter_rows
from projections._keyed import KeyedProjection
from projections._models import READ_MODELS
from projections._protocol import Projection
from projections.exports._columns import Column, Row
from projections.exports._errors import ExportOptionError
from projections.exports._events import (
    EVENT_COLUMNS,
    Advance,
    event_row,
    stored_events,
    stored_lines,
)
from projections.exports._selection import Selection
from projections.exports._tables import Table, pick, table_names, tables_of


@frozen
class Content:
    """One table on its way into a file. ``rows`` and ``documents`` start anew at each call."""

    table: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterator[Row]]
    documents: Callable[[], Iterator[bytes]]
    """Each row as a JSON document: events as their lines, the rows of a model nested."""


@contextmanager
def content_of(
    log: EventLog, selection: Selection, table: str | None, until: int, advance: Advance
) -> Iterator[Content]:
    """What the selection means for a file; ExportOptionError when it means nothing."""
    if selection.model is None:
        if table not in (None, "events"):
            raise ExportOptionError(f"events are one table, called events: there is no {table!r}")
        yield _events(log, selection, until, advance)
        return
    projection = read_model(selection.model)
    name = pick(table_names(projection), table, selection.model)
    with model_tables(log, projection, selection, until) as tables:
        yield _model({one.name: one for one in tables}[name].widened())


def _events(log: EventLog, selection: Selection, until: int, advance: Advance) -> Content:
    query = selection.query(after=0, until=until)
    return Content(
        table="events",
        columns=EVENT_COLUMNS,
        rows=lambda: map(event_row, stored_events(log, query, advance)),
        documents=lambda: stored_lines(log, query, advance),
    )


def _model(table: Table) -> Content:
    return Content(
        table=table.name,
        columns=table.columns,
        rows=table.rows,
        documents=lambda: map(msgspec.json.encode, table.documents),
    )


def read_model(name: str) -> Projection[Any, Any]:
    """The read model of this name; ExportOptionError with all names when there is none."""
    make = READ_MODELS.get(name)
    if make is None:
        raise ExportOptionError(f"no read model {name!r}: there are {', '.join(READ_MODELS)}")
    return make()


def model_tables(
    log: EventLog, projection: Projection[Any, Any], selection: Selection, until: int
) -> AbstractContextManager[list[Table]]:
    """The tables of a read model over what is selected.

    Without filters that is the answer of any command. Filters choose the events that are folded;
    no cache can help then.
    """
    if not selection.is_filtered:
        as_of = until if selection.as_of is None else selection.as_of
        if isinstance(projection, KeyedProjection):
            return tables_of(projection, iter_rows(log, projection, as_of))
        return tables_of(projection, project(log, projection, as_of))
    query = selection.query(after=0, until=until)
    events = (event for _, event in log.scan(query))
    if isinstance(projection, KeyedProjection):
        return tables_of(projection, fold_rows(projection, events))
    return tables_of(projection, projection.result(fold(projection, events)))
