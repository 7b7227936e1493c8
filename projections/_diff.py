"""What changed in an answer between two moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from eventlog import EventLog
from projections._documents import to_document
from projections._engine import AsOf, project
from projections._protocol import Projection


@frozen
class Change:
    """One value that differs. ``before`` or ``after`` is None where there was no value."""

    path: str
    """Where it stands in the answer's JSON: names by dots, list rows by their subject or place."""
    before: Any
    after: Any


def diff(
    log: EventLog, projection: Projection[Any, Any], earlier: AsOf, later: AsOf = None
) -> list[Change]:
    """The changes of a projection's answer from one moment of the log to another."""
    before = to_document(project(log, projection, earlier))
    after = to_document(project(log, projection, later))
    return changes(before, after)


def changes(before: Any, after: Any) -> list[Change]:
    """The changes from one answer to another, both as :func:`to_document` gives them."""
    return list(_changes("", before, after))


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    old, new = _children(before), _children(after)
    if old is None or new is None:
        yield Change(path, before, after)
        return
    for name in [*old, *(name for name in new if name not in old)]:
        inner = f"{path}.{name}" if path else name
        yield from _changes(inner, old.get(name), new.get(name))


_ROW_NAMES = ("subject", "area", "user")


def _children(value: Any) -> dict[str, Any] | None:
    """The parts of a JSON value by name; None when it has none."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {_row_name(row, place): row for place, row in enumerate(value)}
    return {} if value is None else None


def _row_name(row: Any, place: int) -> str:
    """Rows keep their name when others come before them."""
    if isinstance(row, dict):
        for name in _ROW_NAMES:
            if name in row:
                return f"[{row[name]}]"
    return f"[{place}]"
