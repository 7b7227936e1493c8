"""What changed in an answer between two moments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from attrs import frozen

from eventlog import EventLog
from projections._documents import to_document
from projections._engine import AsOf, project
from projections._protocol import Projection


@frozen
class Change:
    """One value that differs. ``before`` or ``after`` is None where there was no value."""

    path: str
    """Where it stands in the answer's JSON: names by dots, list rows by their subject or place.

    Odd names are in quotes, and ``[null]`` is the row of no subject.
    """
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
    if msgspec.json.encode(before) == msgspec.json.encode(after):  # to Python, 1 and true are equal
        return
    old, new = _children(before), _children(after)
    if old is None or new is None or not (old or new):
        yield Change(path, before, after)
        return
    for name in [*old, *(name for name in new if name not in old)]:
        inner = f"{path}.{name}" if path and not name.startswith("[") else f"{path}{name}"
        yield from _changes(inner, old.get(name), new.get(name))


_ROW_NAMES = ("subject", "area", "user")
_PLAIN = re.compile(r"[\w-]+(?: [\w-]+)*")


def _children(value: Any) -> dict[str, Any] | None:
    """The parts of a JSON value by name; None when it has none."""
    if isinstance(value, dict):
        return {_shown(name): part for name, part in value.items()}
    if isinstance(value, list):
        rows: dict[str, Any] = {}
        for place, row in enumerate(value):
            name = _row_name(row, place)
            rows[name if name not in rows else f"{name}[{place}]"] = row
        return rows
    return {} if value is None else None


def _row_name(row: Any, place: int) -> str:
    """Rows keep their name when others come before them."""
    if isinstance(row, dict):
        for name in _ROW_NAMES:
            if name in row:
                value = row[name]
                return f"[{_shown(value) if isinstance(value, str) else 'null'}]"
    return f"[{place}]"


def _shown(name: str) -> str:
    """A name as it stands in a path: in quotes when it could be taken for something else."""
    is_plain = _PLAIN.fullmatch(name) and name != "null" and not name.isdecimal()
    return name if is_plain else msgspec.json.encode(name).decode()
